//! The method is judged before any rule, and matched in one way.

use super::support::gate::Gate;
use super::{alice, folder};

#[test]
fn a_method_that_two_readers_could_take_for_two_is_400_before_any_rule() {
    let rules =
        "[[rule]]\npath = \"/orders\"\nmethods = [\"GET\", \"BAKE\"]\n[[rule]]\npath = \"/*\"\nallow = \"public\"\n";
    let gate = Gate::start(folder(rules));
    for method in ["get", "Get", "gET", "pOST", "head", "connect", "propfind", "bake", &"M".repeat(33)] {
        for fields in [vec![], vec![alice()]] {
            let fields: Vec<_> = fields.iter().map(String::as_str).collect();
            let answer = gate.ask(method, "/orders", &fields);
            assert_eq!((answer.status, &*answer.problem()), (400, "unclear_method"), "{method}");
        }
        let (passes, told) = gate.folder.explain(&format!("{method} /orders HTTP/1.1\nHost: localhost\n\n"));
        assert!(!passes && told.starts_with("method: refused, 400: "), "{told}");
    }
    assert_eq!(gate.all_runs(), 0);
    for other in ["POST", "brew", "BREW", &"M".repeat(32)] {
        assert_eq!(gate.ask(other, "/orders", &[]).status, 200, "{other} falls to the next rule");
    }
    for named in ["GET", "HEAD", "BAKE"] {
        assert_eq!(gate.ask(named, "/orders", &[]).status, 401, "{named}");
    }
}
