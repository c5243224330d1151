//! What is sent: good and forged tokens, and the ways to present one. The names are those of the page.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use portcullis::identity::jwt::Algorithm;
use serde_json::{Value, json};

use crate::mint::{ALGORITHMS, AUDIENCE, Mint, named_after, parts, sign};
use crate::support::keys::{TestKey, base64url};

/// What a request is called, and its header.
pub(crate) type Case = (String, HeaderMap);
type Token = (&'static str, String);

impl Mint {
    /// Every request there is.
    pub(crate) fn requests(&self) -> Vec<Case> {
        let genuine = self.genuine().into_iter();
        let others = [
            self.times(),
            self.names(),
            self.kinds(),
            self.headers(),
            self.unusual_json(),
            self.signatures(),
            self.shapes(),
        ];
        let others = others.into_iter().flatten().map(|(name, token)| (name.to_owned(), token));
        let tokens = genuine.chain(others).map(|(name, token)| (name, header([format!("Bearer {token}")])));
        let fields = self.fields().into_iter().map(|(name, fields)| (name.to_owned(), header(fields)));
        tokens.chain(fields).collect()
    }

    fn genuine(&self) -> Vec<(String, String)> {
        let by = |algorithm: &Algorithm| {
            let token = sign(self.key(*algorithm), named_after(*algorithm).to_string(), self.claims(json!({})));
            (format!("signed in {algorithm}"), token)
        };
        let others = [
            ("`alg: Ed25519`", {
                let header = json!({"alg": "Ed25519", "kid": "EdDSA"}).to_string();
                sign(self.key(Algorithm::EdDSA), header, self.claims(json!({})))
            }),
            ("no `kid`", self.with_header(json!({"kid": null}))),
            ("no `typ`", self.with_header(json!({"typ": null}))),
            ("`typ: JWT`", self.with_header(json!({"typ": "JWT"}))),
            ("unknown members in the header", self.with_header(json!({"x": {"y": [1]}}))),
            ("`jku` to somewhere else", self.with_header(json!({"jku": "https://elsewhere.example/jwks"}))),
            ("`aud` lists us and others", self.with(json!({"aud": ["billing-api", AUDIENCE]}))),
            ("`sub` in Unicode", self.with(json!({"sub": "Zoë 🗝"}))),
            ("claims of 8 KiB", self.with(json!({"note": "x".repeat(8 * 1024)}))),
            ("claims in many lines", {
                let claims: Value = serde_json::from_str(&self.claims(json!({}))).unwrap();
                self.with_payload(serde_json::to_string_pretty(&claims).unwrap())
            }),
            ("an escape in the name of a claim", {
                self.with_payload(self.claims(json!({})).replace(r#""sub""#, r#""s\u0075b""#))
            }),
        ];
        ALGORITHMS.iter().map(by).chain(others.map(|(name, token)| (name.to_owned(), token))).collect()
    }

    /// The leeway is 60 seconds: none of these comes near a limit while the test runs.
    fn times(&self) -> Vec<Token> {
        let now = self.now;
        let exp = |number: &str| self.with_payload(self.claims(json!({"exp": "@"})).replace(r#""@""#, number));
        vec![
            ("`exp` is past, within the leeway", self.with(json!({"exp": now - 5}))),
            ("`exp` is past", self.with(json!({"exp": now - 120}))),
            ("no `exp`", self.with(json!({"exp": null}))),
            ("`exp` is text", self.with(json!({"exp": (now + 600).to_string()}))),
            ("`exp: null`", exp("null")),
            ("`exp: true`", exp("true")),
            ("`exp: 0`", exp("0")),
            ("`exp: -0.0`", exp("-0.0")),
            ("`exp: -1`", exp("-1")),
            ("`exp: 0.5`", exp("0.5")),
            ("`exp` with a fraction", exp(&format!("{}.5", now + 600))),
            ("`exp` with an exponent", exp("2.5e9")),
            ("`exp: 1e300`", exp("1e300")),
            ("`exp: 1e400`", exp("1e400")),
            ("`exp: 18446744073709551615`", exp("18446744073709551615")),
            ("`nbf` is past", self.with(json!({"nbf": now - 60}))),
            ("`nbf` is to come, within the leeway", self.with(json!({"nbf": now + 30}))),
            ("`nbf` is to come", self.with(json!({"nbf": now + 300}))),
            ("`nbf` is text", self.with(json!({"nbf": "0"}))),
            ("`iat` is to come", self.with(json!({"iat": now + 300}))),
            ("`iat` is text", self.with(json!({"iat": "0"}))),
            ("`iat: -1`", self.with(json!({"iat": -1}))),
            ("`auth_time` is to come", self.with(json!({"auth_time": now + 300}))),
        ]
    }

    fn names(&self) -> Vec<Token> {
        vec![
            ("no `iss`", self.with(json!({"iss": null}))),
            ("`iss` is another", self.with(json!({"iss": "https://elsewhere.example"}))),
            ("`iss` with a slash after it", self.with(json!({"iss": format!("{}/", self.issuer)}))),
            ("`iss` in capitals", self.with(json!({"iss": self.issuer.to_uppercase()}))),
            ("`iss` is a list", self.with(json!({"iss": [self.issuer]}))),
            ("`iss` with U+0000 after it", self.with(json!({"iss": format!("{}\0", self.issuer)}))),
            ("no `aud`", self.with(json!({"aud": null}))),
            ("`aud` is another", self.with(json!({"aud": "billing-api"}))),
            ("`aud` in capitals", self.with(json!({"aud": "ORDERS-API"}))),
            ("`aud` begins like ours", self.with(json!({"aud": "orders-api-2"}))),
            ("`aud` with a slash after it", self.with(json!({"aud": "orders-api/"}))),
            ("`aud` with `https://` before it", self.with(json!({"aud": "https://orders-api"}))),
            ("`aud` is an empty list", self.with(json!({"aud": []}))),
            ("`aud` lists us and a number", self.with(json!({"aud": [AUDIENCE, 7]}))),
            ("`aud` is an object", self.with(json!({"aud": {"0": AUDIENCE}}))),
            ("no `sub`", self.with(json!({"sub": null}))),
            ("`sub` is empty", self.with(json!({"sub": ""}))),
            ("`sub` is a number", self.with(json!({"sub": 7}))),
            ("`sub` with U+0000 in it", self.with(json!({"sub": "alice\0"}))),
            ("`jti` is a number", self.with(json!({"jti": 7}))),
            ("`scope` is a list", self.with(json!({"scope": ["orders:read"]}))),
            ("`scope` and `scp` differ", self.with(json!({"scp": ["orders:write"]}))),
            ("`roles` is text", self.with(json!({"roles": "clerk"}))),
        ]
    }

    /// Genuine tokens that are no access tokens, or not for whoever holds them.
    fn kinds(&self) -> Vec<Token> {
        let logout = json!({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}});
        vec![
            ("an ID token (`nonce`)", self.with(json!({"nonce": "n-1"}))),
            ("an ID token (`at_hash`)", self.with(json!({"at_hash": "x"}))),
            ("a logout token (`events`)", self.with(logout)),
            ("a token bound to a key (`cnf`)", self.with(json!({"cnf": {"jkt": "x"}}))),
        ]
    }

    fn headers(&self) -> Vec<Token> {
        let claims = self.claims(json!({}));
        let unsigned = |alg: &str| {
            let header = json!({"alg": alg}).to_string();
            format!("{}.{}.", base64url(header.as_bytes()), base64url(claims.as_bytes()))
        };
        let stranger = TestKey::new(Algorithm::ES256);
        let by_stranger = |header: Value| sign(&stranger, header.to_string(), &claims);
        let rsa = self.key(Algorithm::RS256);
        let modulus = rsa.jwk()["n"].as_str().unwrap().to_owned();
        let by_secret = |secret: &[u8]| {
            let header = json!({"alg": "HS256", "kid": "RS256"}).to_string();
            sign(&TestKey::hmac(Algorithm::HS256, secret), header, &claims)
        };
        vec![
            ("`alg: none`", unsigned("none")),
            ("`alg: nOnE`", unsigned("nOnE")),
            ("`alg: none` with a signature", self.with_header(json!({"alg": "none"}))),
            ("no `alg`", self.with_header(json!({"alg": null}))),
            ("`alg: es256`", self.with_header(json!({"alg": "es256"}))),
            ("`alg: ES256K`", self.with_header(json!({"alg": "ES256K"}))),
            ("`alg` is a number", self.with_header(json!({"alg": 256}))),
            ("HS256 with the public key in PEM", by_secret(rsa.pem().as_bytes())),
            ("HS256 with the modulus", by_secret(modulus.as_bytes())),
            ("HS256 with nothing", by_secret(b"")),
            ("by a stranger, under a `kid` of the issuer", by_stranger(json!({"alg": "ES256", "kid": "ES256"}))),
            ("by a stranger whose key is in `jwk`", by_stranger(json!({"alg": "ES256", "jwk": stranger.jwk()}))),
            ("RS256 by the key for PS256", {
                let header = json!({"alg": "RS256", "kid": "PS256"}).to_string();
                sign(self.key(Algorithm::PS256), header, &claims)
            }),
            ("`kid` is unknown", self.with_header(json!({"kid": "2019"}))),
            ("`kid` of a key for another algorithm", self.with_header(json!({"kid": "RS256"}))),
            ("`kid` is a number", self.with_header(json!({"kid": 7}))),
            ("`kid` is empty", self.with_header(json!({"kid": ""}))),
            ("`typ` is a number", self.with_header(json!({"typ": 7}))),
            ("`crit` names an extension", self.with_header(json!({"crit": ["exp"], "exp": 0}))),
            ("`crit` is empty", self.with_header(json!({"crit": []}))),
            ("`b64: false`", self.with_header(json!({"b64": false}))),
            ("`zip`", self.with_header(json!({"zip": "DEF"}))),
            ("`enc`", self.with_header(json!({"enc": "A128GCM"}))),
        ]
    }

    fn unusual_json(&self) -> Vec<Token> {
        let claims = self.claims(json!({}));
        let header = |text: &str| sign(self.es256(), text, &claims);
        let payload = |text: String| self.with_payload(text);
        let also = |member: &str| self.with_payload(format!("{},{member}}}", claims.strip_suffix('}').unwrap()));
        let deep = |levels: usize| also(&format!(r#""x":{}{}"#, "[".repeat(levels), "]".repeat(levels)));
        let many: Vec<_> = (0..500).map(|index| format!(r#""x{index}":0"#)).collect();
        let broken = claims.replace("alice", "\u{1}").into_bytes();
        let broken: Vec<_> = broken.into_iter().map(|byte| if byte == 1 { 0xff } else { byte }).collect();
        vec![
            ("`alg` twice, the same", header(r#"{"alg":"ES256","alg":"ES256","kid":"ES256"}"#)),
            ("`alg` twice, first `none`", header(r#"{"alg":"none","alg":"ES256","kid":"ES256"}"#)),
            ("the header is a list", header("[]")),
            ("more after the header", header(r#"{"alg":"ES256","kid":"ES256"} 1"#)),
            ("a comment in the header", header(r#"{"alg":"ES256",/**/"kid":"ES256"}"#)),
            ("apostrophes in the header", header("{'alg':'ES256','kid':'ES256'}")),
            ("a comma too many in the header", header(r#"{"alg":"ES256","kid":"ES256",}"#)),
            ("`sub` twice", also(r#""sub":"mallory""#)),
            ("`sub` twice, once with an escape", also(r#""s\u0075b":"mallory""#)),
            ("a member twice, further in", also(r#""x":{"a":1,"a":2}"#)),
            ("the claims are a list", payload("[]".to_owned())),
            ("the claims are no JSON", payload("alice".to_owned())),
            ("more after the claims", payload(format!("{claims}{claims}"))),
            ("a byte order mark before the claims", payload(format!("\u{feff}{claims}"))),
            ("claims that are not UTF-8", sign(self.es256(), named_after(Algorithm::ES256).to_string(), broken)),
            ("half of a surrogate pair", also(r#""x":"\ud800""#)),
            ("90 levels of lists", deep(90)),
            ("120 levels of lists", deep(120)),
            ("200 levels of lists", deep(200)),
            ("500 claims", also(&many.join(","))),
        ]
    }

    fn signatures(&self) -> Vec<Token> {
        let [header, payload, signature] = parts(&self.good());
        let input = format!("{header}.{payload}");
        let bytes = self.es256().sign(input.as_bytes());
        let (r, s) = bytes.split_at(32);
        let with = |signature: &[u8]| format!("{input}.{}", base64url(signature));
        let mut flipped = bytes.clone();
        flipped[63] ^= 1;
        let rsa = self.key(Algorithm::RS256);
        let rsa_input = parts(&sign(rsa, named_after(Algorithm::RS256).to_string(), self.claims(json!({}))));
        let rsa_input = format!("{}.{}", rsa_input[0], rsa_input[1]);
        let rsa_bytes = rsa.sign(rsa_input.as_bytes());
        let mallory = base64url(self.claims(json!({"sub": "mallory"})).as_bytes());
        let no_key_id = base64url(br#"{"alg":"ES256"}"#);
        vec![
            ("other claims under the signature", format!("{header}.{mallory}.{signature}")),
            ("another header under the signature", format!("{no_key_id}.{payload}.{signature}")),
            ("no signature", format!("{input}.")),
            ("a bit of the signature is flipped", with(&flipped)),
            ("the signature is cut", with(&bytes[..62])),
            ("more after the signature", with(&[&bytes[..], &[0, 0]].concat())),
            ("a signature of zeros", with(&[0; 64])),
            ("zeros before both halves of the signature", with(&[&[0], r, &[0], s].concat())),
            ("a zero before an RSA signature", {
                format!("{rsa_input}.{}", base64url(&[&[0], rsa_bytes.as_slice()].concat()))
            }),
        ]
    }

    /// Other spellings of a good token, and texts that are no token.
    fn shapes(&self) -> Vec<Token> {
        let good = self.good();
        let [header, payload, signature] = parts(&good);
        let padded_header = format!("{}==", base64url(br#"{"alg":"ES256" }"#));
        // 64 bytes leave four bits of the last character unused.
        let last_bit = {
            let last = signature.chars().last().unwrap();
            let next = char::from_u32(u32::from(last) + 1).unwrap();
            format!("{header}.{payload}.{}{next}", signature.strip_suffix(last).unwrap())
        };
        let in_standard_alphabet = {
            let mut tokens = (0..).map(|number| parts(&self.with(json!({"n": number}))));
            let [header, payload, signature] = tokens.find(|[_, _, signature]| signature.contains(['-', '_'])).unwrap();
            format!("{header}.{payload}.{}", signature.replace('-', "+").replace('_', "/"))
        };
        vec![
            ("nothing", String::new()),
            ("one part", header.clone()),
            ("two parts", format!("{header}.{payload}")),
            ("four parts", format!("{good}.{signature}")),
            ("five parts", format!("{good}.{signature}.{signature}")),
            ("dots alone", "..".to_owned()),
            ("a dot before the token", format!(".{good}")),
            ("a dot after the token", format!("{good}.")),
            ("an empty part in between", format!("{header}..{payload}.{signature}")),
            ("padding after the signature", format!("{good}==")),
            ("padding after the header", {
                format!("{padded_header}.{payload}.{}", {
                    base64url(&self.es256().sign(format!("{padded_header}.{payload}").as_bytes()))
                })
            }),
            ("`+` and `/` in the signature", in_standard_alphabet),
            ("unused bits at the end of the signature are set", last_bit),
            ("a comma after the token", format!("{good},")),
            ("a word after the token", format!("{good} x")),
            ("the token in quotes", format!("\"{good}\"")),
            ("a blank in the token", format!("{} {}", &good[..40], &good[40..])),
            ("a token of 17 KiB", self.with(json!({"note": "x".repeat(13 * 1024)}))),
            ("a token of 50 KiB", self.with(json!({"note": "x".repeat(37 * 1024)}))),
        ]
    }

    /// A good token presented in other ways.
    fn fields(&self) -> Vec<(&'static str, Vec<String>)> {
        let good = self.good();
        let bearer = || format!("Bearer {good}");
        let bad = || "Bearer x".to_owned();
        let basic = || "Basic YTpi".to_owned();
        vec![
            ("no field", vec![]),
            ("Basic", vec![basic()]),
            ("no scheme before the token", vec![good.clone()]),
            ("`bearer` in small letters", vec![format!("bearer {good}")]),
            ("two blanks before the token", vec![format!("Bearer  {good}")]),
            ("a tab before the token", vec![format!("Bearer\t{good}")]),
            ("Bearer after Basic in one field", vec![format!("{}, {}", basic(), bearer())]),
            ("Bearer inside a parameter of Digest", vec![format!("Digest username=\"{}", bearer())]),
            ("the same good field twice", vec![bearer(), bearer()]),
            ("a good field, then a bad one", vec![bearer(), bad()]),
            ("a bad field, then a good one", vec![bad(), bearer()]),
            ("a good field, then Basic", vec![bearer(), basic()]),
        ]
    }
}

/// A header with these lines of `Authorization`.
fn header(lines: impl IntoIterator<Item = String>) -> HeaderMap {
    let mut header = HeaderMap::new();
    for line in lines {
        header.append(AUTHORIZATION, HeaderValue::try_from(line).unwrap());
    }
    header
}
