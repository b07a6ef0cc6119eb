//! A clerk who keeps a page for each key, and says what whoever asks next must be told.
//!
//! Naive on purpose: no versions, no fences and no records, only what was committed, in the order it was.

use std::collections::BTreeMap;

/// What a request must meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    RunFresh,
    RunUncertain,
    RunRefresh,
    Replay,
    Pending,
    Mismatch,
    InFlight,
    Unresolved,
}

/// What is written on a page.
struct Page {
    asked: String,
    /// Until when somebody works on it.
    owned_until: Option<u64>,
    /// Until when its last word is kept.
    answer_until: Option<u64>,
    /// When to look for news, where it has a word for now.
    look_at: Option<u64>,
    free: bool,
    /// When something was written last.
    at: u64,
}

pub(crate) struct Clerk {
    pages: BTreeMap<String, Page>,
    holds: bool,
    drops_unfinished: bool,
    keep: u64,
}

impl Clerk {
    pub(crate) const fn new(holds: bool, drops_unfinished: bool, keep: u64) -> Self {
        Self { pages: BTreeMap::new(), holds, drops_unfinished, keep }
    }

    pub(crate) fn expects(&self, key: &str, asked: &str, now: u64) -> Expected {
        let Some(page) = self.pages.get(key) else { return Expected::RunFresh };
        if page.free || page.answer_until.is_some_and(|until| until <= now) {
            return Expected::RunFresh;
        }
        if page.asked != asked {
            return Expected::Mismatch;
        }
        if page.answer_until.is_some() {
            return Expected::Replay;
        }
        let owned = page.owned_until.is_some_and(|until| until > now);
        match page.look_at {
            Some(look_at) if owned || look_at > now || self.holds => Expected::Pending,
            Some(_) => Expected::RunRefresh,
            None if owned => Expected::InFlight,
            None if self.holds => Expected::Unresolved,
            None => Expected::RunUncertain,
        }
    }

    fn page(&mut self, key: &str) -> &mut Page {
        self.pages.get_mut(key).unwrap()
    }

    pub(crate) fn claimed(&mut self, key: &str, asked: &str, until: u64, now: u64) {
        let before = self.pages.remove(key).filter(|page| !page.free && page.answer_until.is_none());
        let look_at = before.and_then(|page| page.look_at);
        let page = Page {
            asked: asked.to_owned(),
            owned_until: Some(until),
            answer_until: None,
            look_at,
            free: false,
            at: now,
        };
        self.pages.insert(key.to_owned(), page);
    }

    pub(crate) fn prolonged(&mut self, key: &str, until: u64, now: u64) {
        let page = self.page(key);
        page.owned_until = Some(until);
        page.at = now;
    }

    pub(crate) fn answered(&mut self, key: &str, now: u64) {
        let until = now + self.keep;
        let page = self.page(key);
        page.owned_until = None;
        page.answer_until = Some(until);
        page.at = now;
    }

    pub(crate) fn pending(&mut self, key: &str, look_at: u64, now: u64) {
        let page = self.page(key);
        page.owned_until = None;
        page.look_at = Some(look_at);
        page.at = now;
    }

    pub(crate) fn released(&mut self, key: &str) {
        let page = self.page(key);
        page.owned_until = None;
        page.free = true;
    }

    pub(crate) fn failed(&mut self, key: &str, now: u64) {
        let page = self.page(key);
        page.owned_until = None;
        page.look_at = page.look_at.map(|_| now);
        page.at = now;
    }

    /// An hour has passed in which nobody wrote: what says nothing any more is torn out, and so is the unfinished where
    /// doing it again is harmless and the time of an answer is over.
    pub(crate) fn purge(&mut self, now: u64) {
        let (drops_unfinished, keep) = (self.drops_unfinished, self.keep);
        self.pages.retain(|_, page| {
            let is_over = page.free || page.answer_until.is_some_and(|until| until <= now);
            !is_over && (page.answer_until.is_some() || !drops_unfinished || page.at + keep > now)
        });
    }
}
