//! An observer that remembers what it heard.

#![allow(dead_code, reason = "each test file uses a part")]

use std::sync::{Arc, Mutex};

use portcullis::observe::{Decision, Event, Observer};

/// Clones hear as one.
#[derive(Clone, Default)]
pub(crate) struct Ear {
    decisions: Arc<Mutex<Vec<Decision<'static>>>>,
    events: Arc<Mutex<Vec<String>>>,
    /// Everything, in every way in which it can be printed.
    printed: Arc<Mutex<String>>,
}

impl Ear {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn observer(&self) -> Arc<dyn Observer> {
        Arc::new(self.clone())
    }

    /// The decisions since the last call.
    pub(crate) fn decisions(&self) -> Vec<Decision<'static>> {
        std::mem::take(&mut self.decisions.lock().unwrap())
    }

    /// The one decision since the last call.
    #[track_caller]
    pub(crate) fn decision(&self) -> Decision<'static> {
        let mut decisions = self.decisions();
        assert_eq!(decisions.len(), 1, "{decisions:?}");
        decisions.remove(0)
    }

    /// The events since the last call, as they are displayed; refusals by name alone.
    pub(crate) fn events(&self) -> Vec<String> {
        std::mem::take(&mut self.events.lock().unwrap())
    }

    /// Whether there is an event with this beginning that was not taken yet.
    pub(crate) fn has(&self, beginning: &str) -> bool {
        self.events.lock().unwrap().iter().any(|event| event.starts_with(beginning))
    }

    pub(crate) fn printed(&self) -> String {
        self.printed.lock().unwrap().clone()
    }
}

impl Observer for Ear {
    fn decided(&self, decision: &Decision<'_>) {
        *self.printed.lock().unwrap() += &format!("{decision}\n{decision:?}\n{decision:#?}\n");
        self.decisions.lock().unwrap().push(decision.clone().into_owned());
    }

    fn happened(&self, event: &Event<'_>) {
        *self.printed.lock().unwrap() += &format!("{event}\n{event:?}\n{event:#?}\n");
        let told = match event {
            Event::Refused(_) | Event::PermissionDenied(_) => event.name().to_owned(),
            Event::Locked { account: Some(account), .. } => format!("{event} account={:?}", account.expose()),
            other => other.to_string(),
        };
        self.events.lock().unwrap().push(told);
    }
}
