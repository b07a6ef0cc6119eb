//! Between a process and the provider everything can be lost, late, doubled or cut, in both directions.

use super::event::{Event, Letter};
use super::life::World;
use super::provider::{Answer, Receipt};
use crate::calendar;
use crate::payments::{Response, Safeguard};
use crate::prelude::*;
use crate::retry;
use crate::time::{Millis, Timestamp};

impl World<'_> {
    /// A request leaves a process.
    pub(super) fn post(&mut self, now: u64, letter: Letter) {
        let (dice, conditions) = (&mut self.chaos.network, &self.stage.conditions);
        let unconnected = dice.strikes(conditions.not_connected_ppm);
        let lost = dice.strikes(conditions.request_lost_ppm);
        let late = dice.strikes(conditions.request_late_ppm);
        let twice = dice.strikes(conditions.request_twice_ppm);
        let late_ms = dice.between(conditions.request_late_ms.0, conditions.request_late_ms.1);
        let (travel_ms, second_ms) = (dice.between(5, 80), dice.between(5, 5_000));
        if unconnected {
            let news = Event::News(Box::new((letter.errand, letter.waits.never_sent())));
            return self.agenda.plan(now.saturating_add(travel_ms), news);
        }
        if lost {
            return;
        }
        if twice {
            let copy = Letter { is_copy: true, ..letter.clone() };
            self.agenda.plan(now.saturating_add(second_ms), Event::Arrival(Box::new(copy)));
        }
        let travel_ms = if late { late_ms } else { travel_ms };
        self.agenda.plan(now.saturating_add(travel_ms), Event::Arrival(Box::new(letter)));
    }

    /// A request reaches the provider, or the hole where it should be.
    pub(super) fn arrive(&mut self, now: u64, letter: Letter) {
        if self.is_outage(now) {
            // The front door answers for a while, then nothing does.
            let answers = self.chaos.provider.chooses(500_000);
            if answers {
                let answer = Answer::plain(503, String::new());
                self.reply(now, letter, answer);
            }
            return;
        }
        let conditions = &self.stage.conditions;
        match self.provider.receive(now, &letter.request, conditions, &mut self.chaos.provider) {
            Receipt::Answered(answer) => self.reply(now, letter, answer),
            Receipt::Executing { takes_ms } => {
                self.agenda.plan(now.saturating_add(takes_ms), Event::Executed(Box::new(letter)));
            }
        }
    }

    /// The provider has executed a request.
    pub(super) fn executed(&mut self, now: u64, letter: Letter) {
        let execution = self.provider.execute(now, &letter, &self.stage.conditions, &mut self.chaos);
        self.trace.global(now, || {
            format!(
                "provider {} {} -> {}",
                letter.errand.name,
                letter.errand.life.seat.name(),
                execution.answer.status
            )
        });
        self.publish(now, execution.notice);
        if let Some(payment) = execution.challenged {
            let wait_ms = self.chaos.people.between(5_000, 1_800_000);
            self.agenda.plan(now.saturating_add(wait_ms), Event::Challenged { payment });
        }
        self.reply(now, letter, execution.answer);
    }

    /// An answer leaves the provider.
    fn reply(&mut self, now: u64, letter: Letter, answer: Answer) {
        let (dice, conditions) = (&mut self.chaos.network, &self.stage.conditions);
        let lost = dice.strikes(conditions.answer_lost_ppm);
        let cut = dice.strikes(conditions.answer_cut_ppm);
        let travel_ms = dice.between(5, 80);
        if letter.is_copy || lost {
            return;
        }
        let Answer { status, headers, mut body, not_before } = answer;
        if cut {
            body.truncate(body.len() / 2);
        }
        let heard = |name: &str| name != "retry-after" || !self.stage.safeguards.broken(Safeguard::Hint);
        let headers = headers.into_iter().filter(|(name, _)| heard(name));
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).collect();
        let response = Response { status, headers, body: body.into_bytes(), ..Response::default() };
        let news = letter.waits.answered(response, not_before);
        self.agenda.plan(now.saturating_add(travel_ms), Event::News(Box::new((letter.errand, news))));
    }
}

/// An answer as a process hears it whose clock shows `shown`.
pub(super) fn heard(answer: &Response, shown: Timestamp) -> Response {
    Response { retry_after: hint(answer, shown), ..answer.clone() }
}

/// The shortest wait the provider asks for.
pub(super) fn hint(answer: &Response, shown: Timestamp) -> Option<Millis> {
    let (_, text) = answer.headers.iter().find(|(name, _)| name == "retry-after")?;
    retry::retry_after(text, shown, calendar::parse_http_date)
}
