//! Nothing is done before it is stored: one round of a drive loads, hears news, polls, stores by compare-and-set, acts.
//!
//! This is `pkg/src/payments/drive.ts` in virtual time, with a chance to die or to stand still between any two steps.

use super::auditor::Leaving;
use super::event::{
    CustomerId, Errand, Event, Introducer, Letter, Life, Name, News, Parent, Pending, Purpose, Seat, Told,
};
use super::life::World;
use super::process::{LEASE_SLACK_MS, TIMEOUT_MS};
use super::provider::key_of;
use super::store::IntentWrite;
use super::wire::heard;
use crate::payments::{
    Action, Entry, HttpRequest, Intent, Machine, Reversal, ReversalNews, Safeguard, State,
};
use crate::prelude::*;
use crate::time::Timestamp;

/// An intent that is driven.
#[derive(Clone, Debug, Default)]
pub(super) struct Drive {
    /// Rises with every step.
    pub(super) step: u64,
    /// Customers who wait for the outcome.
    pub(super) waiters: Vec<CustomerId>,
    /// Drives of other intents that wait for one round of this one.
    pub(super) parents: Vec<Parent>,
    /// Nothing is under way: it waits for a moment.
    pub(super) is_paused: bool,
}

impl World<'_> {
    fn is_current(&self, errand: &Errand) -> bool {
        let drive = self.seat(errand.life.seat).drives.get(&errand.name);
        self.is_alive(errand.life) && drive.is_some_and(|drive| drive.step == errand.step)
    }

    /// The drive goes on: what its earlier steps planned is over.
    fn next_step(&mut self, errand: &Errand) -> Errand {
        let process = self.seat_mut(errand.life.seat);
        process.steps = process.steps.saturating_add(1);
        let step = process.steps;
        if let Some(drive) = process.drives.get_mut(&errand.name) {
            (drive.step, drive.is_paused) = (step, false);
        }
        Errand { step, ..errand.clone() }
    }

    /// A customer, another drive or nobody waits for an intent; whoever drives it already goes on.
    pub(super) fn join(&mut self, now: u64, life: Life, name: &Name, whom: Option<Introducer>) {
        let process = self.seat_mut(life.seat);
        let is_new = !process.drives.contains_key(name);
        let drive = process.drives.entry(name.clone()).or_default();
        match whom {
            Some(Introducer::Customer(customer)) => drive.waiters.push(customer),
            Some(Introducer::Parent(parent)) => drive.parents.push(*parent),
            None => {}
        }
        if is_new {
            let errand = Errand { life, name: name.clone(), step: 0 };
            let errand = self.next_step(&errand);
            self.step(now, &errand, None);
        }
    }

    /// One round: load, hear the news, poll, and have what is new stored.
    pub(super) fn step(&mut self, now: u64, errand: &Errand, news: Option<News>) {
        if !self.is_current(errand) || self.dies(now, errand.life) {
            return;
        }
        let errand = self.next_step(errand);
        self.report(now, errand.life, &errand.name, news.as_ref());
        let Some(record) = self.store.intent(&errand.name) else {
            return self.end(now, &errand, None, now);
        };
        let expected = record.version;
        let mut machine = match self.load(errand.life.seat, &record.journal) {
            Ok(machine) => machine,
            Err(error) => {
                let seen = format!("the journal of {} cannot be loaded: {error:?}", errand.name);
                return self.auditor.blame(now, "I5", seen);
            }
        };
        let before = self.unfenced(&errand.name);
        let shown = self.shown(errand.life.seat, now);
        self.tell_machine(&mut machine, shown, news.as_ref());
        let permit = self.permitted(&errand, &machine, shown);
        let action = machine.poll(shown, errand.life.seat.name(), permit);
        let told = Told::of(machine.intent());
        let mut append = machine.new_entries().to_vec();
        if self.stage.safeguards.broken(Safeguard::Finality) && !told.is_open && append.is_empty() {
            // Whoever looks at a payment that has ended puts it aside once more.
            append.push(Entry::NeedsReview { at: shown, reason: "late_failure".to_owned() });
        }
        self.trace.line(now, errand.life.seat, || {
            let heard = news.as_ref().map_or("-", News::name);
            format!("{} {heard} -> {} {}", errand.name, machine.intent().state.name(), action_name(&action))
        });
        if append.is_empty() {
            return self.plan_act(now, errand, action, told, now);
        }
        if self.stage.safeguards.broken(Safeguard::WriteFirst) {
            self.plan_act(now, errand.clone(), action.clone(), told.clone(), now);
        }
        let wake_at = machine.wake_at().map(Timestamp::unix_ms);
        let mut intents = self.children(errand.life.seat, &machine, &append, shown);
        intents.insert(0, IntentWrite { name: errand.name.clone(), expected, append, wake_at, before });
        let purpose = Purpose::Step { errand, news, action, told };
        self.plan_commit(now, Pending { purpose, intents, claims: Vec::new(), decided_at: now });
    }

    fn tell_machine(&mut self, machine: &mut Machine, shown: Timestamp, news: Option<&News>) {
        let entropy = self.chaos.jitter.entropy();
        match news {
            None => {}
            Some(News::Answer { attempt, response, .. }) => {
                machine.handle_response(shown, *attempt, &heard(response, shown), entropy);
            }
            Some(News::Failure { attempt, not_sent }) => {
                machine.handle_failure(shown, *attempt, *not_sent, entropy);
            }
            Some(News::Query { query, answer }) => {
                let answer = answer.as_ref().map(|answer| heard(answer, shown));
                machine.handle_query(shown, *query, answer.as_ref(), entropy);
            }
            Some(News::Void { query, answer }) => {
                let answer = answer.as_ref().map(|answer| heard(answer, shown));
                machine.handle_void(shown, *query, answer.as_ref(), entropy);
            }
            Some(News::Reversal { reference, became }) => {
                machine.handle_reversal(shown, reference, became.clone(), entropy);
            }
        }
    }

    /// The intents that new entries ask for, to be stored in the same write.
    pub(super) fn children(
        &self,
        seat: Seat,
        machine: &Machine,
        append: &[Entry],
        shown: Timestamp,
    ) -> Vec<IntentWrite> {
        let mut writes = Vec::new();
        for entry in append {
            let Entry::ReversalDue { reference, .. } = entry else { continue };
            let reversal = machine.intent().reversals.iter().find(|known| known.reference == *reference);
            let Some(reversal) = reversal else { continue };
            let name = Name::from(reference.as_str());
            // An older copy of this intent may have been restored beside the one it opens.
            if self.store.intent(&name).is_some() {
                continue;
            }
            let request = machine.reversal_request(reversal);
            if let Ok(child) = self.stage.open(seat, request, shown) {
                let wake_at = child.wake_at().map(Timestamp::unix_ms);
                let append = child.new_entries().to_vec();
                writes.push(IntentWrite { name, expected: 0, append, wake_at, before: None });
            }
        }
        writes
    }

    /// Without versions a store knows no appending: the whole journal is written.
    pub(super) fn unfenced(&self, name: &Name) -> Option<Vec<Entry>> {
        let unfenced = self.stage.safeguards.broken(Safeguard::Fencing);
        unfenced.then(|| self.store.intent(name).map(|record| record.journal.clone()).unwrap_or_default())
    }

    fn plan_act(&mut self, now: u64, errand: Errand, action: Action, told: Told, decided_at: u64) {
        let at = now.saturating_add(self.pause());
        self.agenda.plan(at, Event::Act(Box::new((errand, action, told)), decided_at));
    }

    /// A step was stored: it is carried out.
    pub(super) fn stepped(&mut self, now: u64, pending: Pending) {
        let decided_at = pending.decided_at;
        let Purpose::Step { errand, news, action, told } = pending.purpose else { return };
        match news {
            Some(News::Answer { not_before, .. }) => self.auditor.hinted(&errand.name, not_before),
            Some(_) => self.auditor.hinted(&errand.name, None),
            None => {}
        }
        if !self.stage.safeguards.broken(Safeguard::WriteFirst) {
            self.plan_act(now, errand, action, told, decided_at);
        }
    }

    /// What was stored is carried out.
    pub(super) fn act(&mut self, now: u64, errand: &Errand, action: Action, told: &Told, decided_at: u64) {
        if !self.is_current(errand) || self.dies(now, errand.life) {
            return;
        }
        // A process that stood still may wake when its lease is over and another one sent.
        let slept = now.saturating_sub(decided_at) > LEASE_SLACK_MS / 2;
        match action {
            Action::Send { attempt, .. } if slept => {
                self.step(now, errand, Some(News::Failure { attempt, not_sent: true }));
            }
            Action::Query { query, .. } if slept => {
                self.step(now, errand, Some(News::Query { query, answer: None }));
            }
            Action::Void { query, .. } if slept => {
                self.step(now, errand, Some(News::Void { query, answer: None }));
            }
            Action::Send { attempt, request } => self.send(now, errand, attempt, request),
            Action::Query { query, request } => {
                self.ask(now, errand, News::Query { query, answer: None }, request);
            }
            Action::Void { query, request } => {
                self.ask(now, errand, News::Void { query, answer: None }, request);
            }
            Action::Reverse { reversal } => self.take_back(now, errand, reversal),
            // What comes after the end (a look for charges, a customer who acts) is a sweep's affair.
            Action::Wait { until } if told.is_open => self.rest_until(now, errand, until),
            _ => self.end(now, errand, Some(told), decided_at),
        }
    }

    fn send(&mut self, now: u64, errand: &Errand, attempt: u32, mut request: HttpRequest) {
        if self.stage.safeguards.broken(Safeguard::StableKey) {
            // A key for each attempt, as clients make it that know no intent.
            let header =
                request.headers.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("idempotency-key"));
            if let Some((_, key)) = header {
                key.push_str(&attempt.digits());
            }
        }
        let key = key_of(&request).unwrap_or_default().to_owned();
        let leaving = Leaving {
            life: errand.life,
            name: &errand.name,
            key: &key,
            attempt,
            owner: errand.life.seat.name(),
            body: request.body.as_deref(),
            first_seen: self.provider.first_seen(&key),
        };
        self.auditor.leaves(now, &leaving);
        if self.stage.safeguards.broken(Safeguard::SingleSend) {
            // A hedge: whichever answers first counts.
            self.auditor.leaves(now, &leaving);
            let (errand, request) = (errand.clone(), request.clone());
            let waits = News::Failure { attempt, not_sent: false };
            self.post(now, Letter { errand, request, waits, is_copy: true });
        }
        let waits = News::Failure { attempt, not_sent: false };
        self.exchange(now, errand, waits, request);
    }

    fn ask(&mut self, now: u64, errand: &Errand, waits: News, request: HttpRequest) {
        self.auditor.asks(now, &errand.name);
        self.exchange(now, errand, waits, request);
    }

    /// Sends a request; `waits` is the news when no answer comes in time.
    fn exchange(&mut self, now: u64, errand: &Errand, waits: News, request: HttpRequest) {
        self.auditor.begins(now, errand.life, &errand.name);
        let at = now.saturating_add(TIMEOUT_MS);
        self.agenda.plan(at, Event::News(Box::new((errand.clone(), waits.clone()))));
        self.post(now, Letter { errand: errand.clone(), request, waits, is_copy: false });
    }

    /// Sees to it that the intent which takes a charge back is there, and drives it by one round.
    fn take_back(&mut self, now: u64, errand: &Errand, reversal: Reversal) {
        let child = Name::from(reversal.reference.as_str());
        let parent = Parent { errand: errand.clone(), reversal };
        if self.seat(errand.life.seat).drives.contains_key(&child) {
            let news = self.reversal_news(&parent);
            return self.step(now, errand, news);
        }
        self.introduce(now, errand.life, Introducer::Parent(Box::new(parent)));
    }

    /// What became of the intent that takes a charge back.
    fn reversal_news(&self, parent: &Parent) -> Option<News> {
        let child = Name::from(parent.reversal.reference.as_str());
        let intent = Intent::replay(&self.store.intent(&child)?.journal).ok()?;
        let became = match intent.state {
            State::Settled { provider_reference, .. } => ReversalNews::Settled { refund: provider_reference },
            State::Failed { proof, code, .. } => ReversalNews::Failed { proof, code },
            State::NeedsReview { .. } => ReversalNews::NeedsReview,
            _ => ReversalNews::Pending,
        };
        Some(News::Reversal { reference: parent.reversal.reference.clone(), became })
    }

    fn rest_until(&mut self, now: u64, errand: &Errand, until: Timestamp) {
        let process = self.seat_mut(errand.life.seat);
        let at = process.true_time(until.unix_ms()).max(now);
        let Some(drive) = process.drives.get_mut(&errand.name) else { return };
        drive.is_paused = true;
        if drive.waiters.is_empty() {
            self.end(now, errand, None, now);
        } else {
            self.agenda.plan(at, Event::Wake(errand.clone()));
        }
    }

    /// An answer, a time-out or the end of a pause.
    pub(super) fn news(&mut self, now: u64, errand: &Errand, news: Option<News>) {
        if self.is_current(errand) {
            self.auditor.returned(errand.life, &errand.name);
            self.auditor.ended(now, errand.life, &errand.name, news.as_ref().is_some_and(News::is_failure));
            self.step(now, errand, news);
        }
    }

    /// A drive is over. Its customers are told, or get an exception; drives that waited for it hear how it stands.
    pub(super) fn end(&mut self, now: u64, errand: &Errand, told: Option<&Told>, decided_at: u64) {
        let Some(drive) = self.seat_mut(errand.life.seat).drives.remove(&errand.name) else { return };
        self.report(now, errand.life, &errand.name, None);
        self.plan_sweeps(now);
        for customer in drive.waiters {
            match told {
                Some(told) => self.tell(now, customer, told, decided_at),
                None => self.thrown(now, customer),
            }
        }
        for parent in drive.parents {
            let news = self.reversal_news(&parent);
            if self.is_current(&parent.errand) {
                self.step(now, &parent.errand, news);
            }
        }
    }

    /// A customer waits no longer: he is told how things stand. `false` where nobody is there to tell him.
    pub(super) fn leave(&mut self, now: u64, life: Life, customer: CustomerId) -> bool {
        let Some(name) = self.customers.get(customer).map(|customer| customer.name.clone()) else {
            return true;
        };
        if !self.is_alive(life) {
            return false;
        }
        let Some(drive) = self.seat_mut(life.seat).drives.get_mut(&name) else { return false };
        let Some(at) = drive.waiters.iter().position(|waiter| *waiter == customer) else { return false };
        drive.waiters.swap_remove(at);
        let (idle, step) = (drive.waiters.is_empty() && drive.is_paused, drive.step);
        if idle {
            self.end(now, &Errand { life, name: name.clone(), step }, None, now);
        }
        let replayed = self.store.intent(&name).map(|record| Intent::replay(&record.journal));
        let Some(Ok(intent)) = replayed else { return false };
        self.tell(now, customer, &Told::of(&intent), now);
        true
    }
}

const fn action_name(action: &Action) -> &'static str {
    match action {
        Action::Send { .. } => "send",
        Action::Query { .. } => "query",
        Action::Void { .. } => "void",
        Action::Reverse { .. } => "reverse",
        Action::Wait { .. } => "wait",
        _ => "rest",
    }
}
