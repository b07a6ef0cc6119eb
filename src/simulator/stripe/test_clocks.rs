//! A test clock stands still until it is moved, and moves forward only; what it moves past happens at its own moment.
//!
//! Customers are put on a clock when they are made. Billing of such a customer goes by the clock; money moves at the
//! gateway's own time. Source: <https://docs.stripe.com/billing/testing/test-clocks>.

use super::billing;
use super::customers::Customer;
use super::expand::{Field, Gives};
use super::list::Page;
use super::object::{Class, Head, Kind, kind};
use super::params::{MetadataPatch, Params};
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::timers::Due;
use super::work::Work;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

pub(super) const ROUTES: &[Row] = &[
    Row::new("POST", "/v1/test_helpers/test_clocks", create, Gives::One(Class::TestClock), Level::Most),
    Row::new("GET", "/v1/test_helpers/test_clocks", list, Gives::List(Class::TestClock), Level::Whole),
    Row::new("GET", "/v1/test_helpers/test_clocks/:id", retrieve, Gives::One(Class::TestClock), Level::Whole),
    Row::new("DELETE", "/v1/test_helpers/test_clocks/:id", delete, Gives::Nothing, Level::Whole),
    Row::new(
        "POST",
        "/v1/test_helpers/test_clocks/:id/advance",
        advance,
        Gives::One(Class::TestClock),
        Level::Whole,
    ),
];

/// How long a clock is kept, by the gateway's own time.
const LIFE: Millis = Millis::from_seconds(30 * 24 * 60 * 60);

/// Time for some customers.
#[derive(Clone, Debug)]
pub(super) struct TestClock {
    pub(super) head: Head,
    name: Option<String>,
    pub(super) frozen: Timestamp,
    /// Where it is on its way to.
    target: Option<Timestamp>,
    pub(super) is_deleted: bool,
}

impl Kind for TestClock {
    kind!(TestClock, test_clocks);
    const PREFIX: &'static str = "clock";
    const NAME: &'static str = "test_helpers.test_clock";
    const FIELDS: &'static [Field] = &[];

    fn write(&self, sheet: &mut Sheet<'_>) {
        if self.is_deleted {
            return sheet.flag("deleted", true);
        }
        sheet.time("created", self.head.created);
        sheet.time("deletes_after", self.head.created.saturating_add(LIFE));
        sheet.time("frozen_time", self.frozen);
        sheet.flag("livemode", false);
        sheet.maybe_text("name", self.name.as_deref());
        sheet.text("status", if self.target.is_some() { "advancing" } else { "ready" });
        sheet.object("status_details", |sheet| {
            if let Some(target) = self.target {
                sheet.object("advancing", |sheet| sheet.time("target_frozen_time", target));
            }
        });
    }
}

/// What time it is for a customer: that of its clock, or the gateway's.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn time_of(work: &Work<'_>, customer: usize) -> Result<Timestamp> {
    match work.get::<Customer>(customer)?.test_clock {
        Some(clock) => Ok(work.get::<TestClock>(clock)?.frozen),
        None => Ok(work.now),
    }
}

/// The clock a parameter names, which was not deleted.
///
/// # Errors
///
/// 400 when there is none.
pub(super) fn named(work: &Work<'_>, id: &str, param: &str) -> Result<usize> {
    let number = work.find_param::<TestClock>(id, param)?;
    if work.get::<TestClock>(number)?.is_deleted {
        return Err(Refusal::no_such_param(TestClock::NAME, id, param));
    }
    Ok(number)
}

fn moment(params: &mut Params) -> Result<Timestamp> {
    let seconds = params.natural("frozen_time")?.ok_or_else(|| Refusal::missing("frozen_time"))?;
    Timestamp::from_unix_seconds(seconds).ok_or_else(|| {
        Refusal::param(None, "frozen_time", format!("Invalid timestamp: {seconds} is after the year 9999"))
    })
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let (frozen, name) = (moment(&mut params)?, params.patch_up_to("name", 300)?.value());
    params.finish()?;

    // From here on the clock is known.
    let head = work.head::<TestClock>(MetadataPatch::Keep);
    let number = work.add(TestClock { head, name, frozen, target: None, is_deleted: false });
    work.emit::<TestClock>("test_helpers.test_clock.created", number)?;
    Ok(Answer::Object(work.object::<TestClock>(number)?))
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = present(work)?;
    Ok(Answer::Object(work.object::<TestClock>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<TestClock>(work, &mut params)?;
    params.finish()?;
    let found = page.of::<TestClock>(work, |clock| !clock.is_deleted);
    Ok(Answer::list::<TestClock>("/v1/test_helpers/test_clocks", found))
}

fn advance(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = present(work)?;
    let target = moment(&mut params)?;
    params.finish()?;
    let clock = work.get::<TestClock>(number)?;
    if clock.target.is_some() {
        let message = "The test clock is advancing already: wait until its status is ready.";
        return Err(Refusal::request(message.to_owned()).with_status(429));
    }
    if target <= clock.frozen {
        let message = format!(
            "The test clock moves forward only: it stands at {}, expected a later frozen_time, found {}.",
            clock.frozen.unix_seconds(),
            target.unix_seconds()
        );
        return Err(Refusal::param(None, "frozen_time", message));
    }
    let reach = billing::reach_of_clock(work, number, clock.frozen);
    if target > reach {
        let message = format!(
            "You cannot advance a test clock by more than two of the shortest intervals of its subscriptions, or by two \
             years without any: expected a frozen_time of at most {}, found {}.",
            reach.unix_seconds(),
            target.unix_seconds()
        );
        return Err(Refusal::param(None, "frozen_time", message));
    }

    // From here on the clock moves; it arrives once this request is answered.
    work.edit::<TestClock>(number)?.target = Some(target);
    work.emit::<TestClock>("test_helpers.test_clock.advancing", number)?;
    work.arrange(work.now, Due::ClockMoves(number));
    Ok(Answer::Object(work.object::<TestClock>(number)?))
}

/// Moves a clock to its target, stopping at each moment at which something is due.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn arrive(work: &mut Work<'_>, number: usize) -> Result<()> {
    work.account = work.get::<TestClock>(number)?.head.account;
    let Some(target) = work.get::<TestClock>(number)?.target else { return Ok(()) };
    while let Some((at, what)) = billing::next_of_clock(work, number).filter(|(at, _)| *at <= target) {
        let clock = work.edit::<TestClock>(number)?;
        clock.frozen = clock.frozen.max(at);
        billing::run(work, what, at)?;
    }
    let clock = work.edit::<TestClock>(number)?;
    (clock.frozen, clock.target) = (target, None);
    work.emit::<TestClock>("test_helpers.test_clock.ready", number)
}

fn delete(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = present(work)?;

    // From here on the clock is gone, and its customers with it; events tell of the last versions.
    work.emit::<TestClock>("test_helpers.test_clock.deleted", number)?;
    work.edit::<TestClock>(number)?.is_deleted = true;
    billing::end_of_clock(work, number)?;
    let rows = Customer::table(&work.world.stripe.tables).rows().iter();
    let customers: Vec<usize> = rows
        .filter(|customer| customer.test_clock == Some(number) && !customer.is_deleted)
        .map(|customer| customer.head.number)
        .collect();
    for customer in customers {
        work.edit::<Customer>(customer)?.is_deleted = true;
    }
    Ok(Answer::Object(work.object::<TestClock>(number)?))
}

/// The clock of the path, which was not deleted.
fn present(work: &Work<'_>) -> Result<usize> {
    let number = work.find::<TestClock>(0)?;
    if work.get::<TestClock>(number)?.is_deleted {
        return Err(Refusal::no_such(TestClock::NAME, work.path_id(0)));
    }
    Ok(number)
}
