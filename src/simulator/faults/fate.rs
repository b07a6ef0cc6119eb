//! What the plan makes of one request, drawn whole before anything is done, so that no fault moves another.
//!
//! At most one fault refuses the request and at most one takes the place of its answer; the first of the catalogue wins.

use super::super::exchange::{Exchange, Transport};
use super::injector::{Injector, Occasion};
use super::{Fault, Injected};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// What a request does, as far as faults care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Deed {
    /// It is carried out once for its key.
    Mutates,
    /// It shows something.
    Reads,
    /// It looks for something by other words than its id.
    Searches,
}

/// What befalls one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::simulator) struct Fate {
    /// What stops it. Nothing is done.
    pub(in crate::simulator) refused: Option<Fault>,
    /// What comes instead of the answer. Everything is done.
    pub(in crate::simulator) garbled: Option<Fault>,
    /// What is answered under its key from now on is a failure.
    pub(in crate::simulator) fails_afterwards: bool,
    /// How long its key counts as in use, though it was carried out.
    pub(in crate::simulator) in_flight: Option<Millis>,
    /// Its key is forgotten, if it was known.
    pub(in crate::simulator) key_expired: bool,
    /// It arrives a second time, without its key.
    pub(in crate::simulator) doubled: bool,
    /// How old what it reads is.
    pub(in crate::simulator) stale: Option<Millis>,
    /// How young what it does not find yet is.
    pub(in crate::simulator) unfound: Option<Millis>,
    /// Something is added before the next page.
    pub(in crate::simulator) grows: bool,
    /// How long the answer takes.
    pub(in crate::simulator) delay: Millis,
    /// Webhooks that are due arrive before it.
    pub(in crate::simulator) webhooks_first: bool,
}

impl Injector {
    /// Whether any request may meet a fault.
    pub(in crate::simulator) fn may_strike_requests(&self) -> bool {
        let all = [&Fault::OF_REQUESTS[..], &Fault::OF_MUTATIONS, &Fault::OF_READS];
        all.iter().any(|faults| self.plan().has_any(faults))
    }

    /// Draws what befalls a request of a route. `subject` is whom it is about.
    pub(in crate::simulator) fn fate(&mut self, subject: &str, route: &str, deed: Deed) -> Fate {
        let own: &[Fault] = match deed {
            Deed::Mutates => &Fault::OF_MUTATIONS,
            Deed::Reads | Deed::Searches => &Fault::OF_READS,
        };
        if !self.plan().has_any(&Fault::OF_REQUESTS) && !self.plan().has_any(own) {
            return Fate::default();
        }
        let occasion = self.occasion("request", subject, &Fault::OF_REQUESTS).at(route);
        let mut fate = Fate::default();
        for fault in Fault::all() {
            let asked = Fault::OF_REQUESTS.contains(&fault) || own.contains(&fault);
            let fits = fault != Fault::SearchLag || deed == Deed::Searches;
            if asked && fits && self.strikes(&occasion, fault) {
                self.befall(&mut fate, &occasion, fault);
            }
        }
        fate
    }

    fn befall(&self, fate: &mut Fate, occasion: &Occasion, fault: Fault) {
        match fault {
            Fault::RequestLost
            | Fault::RateLimited
            | Fault::RateLimitedRetry
            | Fault::ServerError
            | Fault::UnmarkedError
            | Fault::UnmarkedNotFound => fate.refused = fate.refused.or(Some(fault)),
            // Whether a request got through a broken gateway is a coin's decision.
            Fault::BadGateway | Fault::EmptyAnswer if occasion.between(fault, 0, 1) == 0 => {
                fate.refused = fate.refused.or(Some(fault));
            }
            Fault::BadGateway
            | Fault::EmptyAnswer
            | Fault::ResponseTruncated
            | Fault::ResponseLost
            | Fault::ResponseHung => fate.garbled = fate.garbled.or(Some(fault)),
            Fault::ServerErrorStored => fate.fails_afterwards = true,
            Fault::KeyInFlight => fate.in_flight = Some(self.delay(occasion, fault)),
            Fault::KeyExpired => fate.key_expired = true,
            Fault::DuplicateSubmission => fate.doubled = true,
            Fault::StaleRead => fate.stale = Some(self.delay(occasion, fault)),
            Fault::SearchLag => fate.unfound = Some(self.delay(occasion, fault)),
            Fault::ListGrows => fate.grows = true,
            Fault::Slow => fate.delay = self.delay(occasion, fault),
            Fault::WebhookEarly => fate.webhooks_first = true,
            _ => {}
        }
    }
}

impl Fate {
    /// The moment whose picture a read shows.
    pub(in crate::simulator) fn as_of(&self, now: Timestamp) -> Timestamp {
        self.stale.map_or(now, |lag| now.saturating_sub(lag))
    }

    /// The moment up to which a search finds things.
    pub(in crate::simulator) fn found_up_to(&self, now: Timestamp) -> Timestamp {
        let lag = self.unfound.max(self.stale);
        lag.map_or(now, |lag| now.saturating_sub(lag))
    }

    /// Does to the answer what is to be done to it, and names what was done, for the ground truth.
    pub(in crate::simulator) fn garble(&self, exchange: &mut Exchange) -> Vec<Fault> {
        let mut done = Vec::new();
        if self.delay > Millis::ZERO {
            exchange.transport = Transport::Deliver { delay: self.delay };
            done.push(Fault::Slow);
        }
        if self.webhooks_first {
            exchange.webhooks_first = true;
            done.push(Fault::WebhookEarly);
        }
        match self.garbled {
            Some(Fault::ResponseTruncated) => exchange.transport = Transport::Truncated,
            Some(Fault::ResponseLost) => exchange.transport = Transport::ResponseLost,
            Some(Fault::ResponseHung) => exchange.transport = Transport::Hung,
            Some(fault) => {
                if let Some(bare) = bare(fault) {
                    *exchange = Exchange { transport: exchange.transport, ..bare };
                }
            }
            None => {}
        }
        done.extend(self.garbled);
        done
    }
}

/// The answer of a fault that knows no dialect, because no gateway wrote it.
pub(in crate::simulator) fn bare(fault: Fault) -> Option<Exchange> {
    const HTML: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad \
                        Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
    match fault {
        Fault::RequestLost => {
            Some(Exchange { transport: Transport::RequestLost, ..Exchange::json(0, String::new()) })
        }
        Fault::UnmarkedError => Some(Exchange::json(500, "{}".to_owned())),
        Fault::UnmarkedNotFound => {
            Some(Exchange::json(404, r#"{"message":"no route matched with those values"}"#.to_owned()))
        }
        Fault::BadGateway => Some(Exchange::of(502, "text/html", HTML.to_owned())),
        Fault::EmptyAnswer => Some(Exchange::json(200, String::new())),
        _ => None,
    }
}

impl Injected {
    /// A record of a request fault, of whether the request had got through, and of the objects it concerned.
    pub(in crate::simulator) fn of_request(
        (fault, reached): (Fault, bool),
        objects: Vec<String>,
        reference: Option<String>,
    ) -> Self {
        Self { objects, reference, reached: Some(reached), ..Self::of(fault) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::FaultPlan;
    use super::*;
    use crate::entropy::Entropy;

    fn fate(plan: &str, deed: Deed) -> Fate {
        let plan = FaultPlan::parse(plan.as_bytes()).unwrap();
        Injector::new(&Entropy::from_seed(7), plan).fate("key", "POST /a", deed)
    }

    #[test]
    fn the_first_of_the_catalogue_wins() {
        let both = fate(r#"{"server_error":1,"request_lost":1,"response_lost":1}"#, Deed::Mutates);
        assert_eq!((both.refused, both.garbled), (Some(Fault::RequestLost), Some(Fault::ResponseLost)));
    }

    #[test]
    fn a_fault_strikes_only_what_it_can() {
        let plan = r#"{"key_expired":1,"stale_read":1,"search_lag":1,"duplicate_submission":1}"#;
        let told = |deed| {
            let fate = fate(plan, deed);
            (fate.key_expired, fate.doubled, fate.stale.is_some(), fate.unfound.is_some())
        };
        assert_eq!(told(Deed::Mutates), (true, true, false, false));
        assert_eq!(told(Deed::Reads), (false, false, true, false));
        assert_eq!(told(Deed::Searches), (false, false, true, true));
    }
}
