//! When an account is paid out and how long its money has to wait: set through the account, or through its balance
//! settings, which are two views of one thing.
//!
//! Sources: <https://docs.stripe.com/api/accounts/object#account_object-settings-payouts>,
//! <https://docs.stripe.com/api/balance-settings>.

use super::super::treasury::{PayoutSchedule, Profile};
use super::accounts::Account;
use super::expand::Gives;
use super::params::{Params, Patch};
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::work::Work;
use crate::prelude::*;

const NOTE: &str = "One day a week or a month; no minimum balances and no rules by currency.";

pub(super) const ROUTES: &[Row] = &[
    Row::new("GET", "/v1/balance_settings", retrieve, Gives::Nothing, Level::Most),
    Row::new("POST", "/v1/balance_settings", update, Gives::Nothing, Level::Most).noting(NOTE),
];

/// Longest delay, in business days.
const DELAY_DAYS_MAX: u64 = 31;

const WEEKDAYS: [(&str, u64); 7] = [
    ("monday", 0),
    ("tuesday", 1),
    ("wednesday", 2),
    ("thursday", 3),
    ("friday", 4),
    ("saturday", 5),
    ("sunday", 6),
];

/// How often, before it is known on which day.
#[derive(Clone, Copy, Debug)]
enum Interval {
    Manual,
    Daily,
    Weekly,
    Monthly,
}

const INTERVALS: [(&str, Interval); 4] = [
    ("manual", Interval::Manual),
    ("daily", Interval::Daily),
    ("weekly", Interval::Weekly),
    ("monthly", Interval::Monthly),
];

/// What a request wants of the settings of an account.
#[derive(Clone, Debug, Default)]
pub(super) struct SettingsPatch {
    schedule: Option<PayoutSchedule>,
    delay_days: Option<u32>,
}

impl SettingsPatch {
    /// Reads `settings` of an account.
    ///
    /// # Errors
    ///
    /// A part of the payout schedule cannot be read.
    pub(super) fn read(params: &mut Params) -> Result<Self> {
        let Patch::Set(mut settings) = params.object("settings")? else { return Ok(Self::default()) };
        let mut patch = Self::default();
        if let Patch::Set(mut payouts) = settings.object("payouts")? {
            let _ =
                (payouts.flag("debit_negative_balances")?, payouts.patch_up_to("statement_descriptor", 22)?);
            if let Patch::Set(mut schedule) = payouts.object("schedule")? {
                patch.delay_days = delay(&mut schedule, "delay_days")?;
                let interval = schedule.choice("interval", &INTERVALS)?;
                let weekday = schedule.choice("weekly_anchor", &WEEKDAYS)?;
                let day = schedule.natural("monthly_anchor")?;
                patch.schedule = schedule_of(&schedule, interval, weekday, day)?;
                schedule.finish()?;
            }
            payouts.finish()?;
        }
        // Branding, card payments and the like change nothing here.
        let _ = settings.take_rest();
        Ok(patch)
    }

    /// Reads `payments` of balance settings.
    fn read_payments(params: &mut Params) -> Result<Self> {
        let mut patch = Self::default();
        let Patch::Set(mut payments) = params.object("payments")? else { return Ok(patch) };
        let _ = payments.flag("debit_negative_balances")?;
        if let Patch::Set(mut payouts) = payments.object("payouts")? {
            let _ = payouts.patch_up_to("statement_descriptor", 22)?;
            if let Patch::Set(mut schedule) = payouts.object("schedule")? {
                let interval = schedule.choice("interval", &INTERVALS)?;
                let weekday = one(&mut schedule, "weekly_payout_days")?;
                let weekday = weekday.map(|name| weekday_of(&schedule, &name)).transpose()?;
                let day = one(&mut schedule, "monthly_payout_days")?;
                let day = day
                    .map(|text| {
                        text.parse().map_err(|_| schedule.invalid("monthly_payout_days", "integer", &text))
                    })
                    .transpose()?;
                patch.schedule = schedule_of(&schedule, interval, weekday, day)?;
                schedule.finish()?;
            }
            payouts.finish()?;
        }
        if let Patch::Set(mut timing) = payments.object("settlement_timing")? {
            patch.delay_days = delay(&mut timing, "delay_days_override")?;
            timing.finish()?;
        }
        payments.finish()?;
        Ok(patch)
    }

    /// Does it.
    pub(super) fn apply(self, profile: &mut Profile) {
        profile.schedule = self.schedule.unwrap_or(profile.schedule);
        profile.delay_days = self.delay_days.unwrap_or(profile.delay_days);
    }
}

/// A list of days that may hold one.
fn one(params: &mut Params, name: &str) -> Result<Option<String>> {
    let Some(mut days) = params.texts(name)? else { return Ok(None) };
    if days.len() > 1 {
        let message = "The simulator pays out on one day only: expected a list of one".to_owned();
        return Err(Refusal::param(None, &params.name(name), message));
    }
    Ok(days.pop())
}

fn weekday_of(params: &Params, name: &str) -> Result<u64> {
    let found = WEEKDAYS.iter().find(|(known, _)| *known == name);
    found.map(|(_, day)| *day).ok_or_else(|| params.invalid("weekly_payout_days", "weekday", name))
}

fn delay(params: &mut Params, name: &str) -> Result<Option<u32>> {
    if params.clone().text(name).is_ok_and(|text| text.as_deref() == Some("minimum")) {
        let _ = params.take(name);
        return Ok(Some(2));
    }
    let Some(days) = params.natural(name)? else { return Ok(None) };
    match u32::try_from(days).ok().filter(|_| days <= DELAY_DAYS_MAX) {
        Some(days) => Ok(Some(days)),
        None => {
            let message = format!("Invalid delay: expected 0 to {DELAY_DAYS_MAX} days, found {days}");
            Err(Refusal::param(Some("parameter_invalid_integer"), &params.name(name), message))
        }
    }
}

fn schedule_of(
    params: &Params,
    interval: Option<Interval>,
    weekday: Option<u64>,
    day: Option<u64>,
) -> Result<Option<PayoutSchedule>> {
    let Some(interval) = interval else { return Ok(None) };
    Ok(Some(match interval {
        Interval::Manual => PayoutSchedule::Manual,
        Interval::Daily => PayoutSchedule::Daily,
        Interval::Weekly => PayoutSchedule::Weekly(weekday.unwrap_or(0)),
        Interval::Monthly => {
            let day = u8::try_from(day.unwrap_or(1)).ok().filter(|day| (1..=31).contains(day));
            let refused = || params.invalid("monthly_anchor", "day of the month", "a day beyond 1 to 31");
            PayoutSchedule::Monthly(day.ok_or_else(refused)?)
        }
    }))
}

const fn interval(schedule: PayoutSchedule) -> &'static str {
    match schedule {
        PayoutSchedule::Manual => "manual",
        PayoutSchedule::Daily => "daily",
        PayoutSchedule::Weekly(_) => "weekly",
        PayoutSchedule::Monthly(_) => "monthly",
    }
}

fn weekday_name(day: u64) -> &'static str {
    WEEKDAYS.iter().find(|(_, known)| *known == day).map_or("monday", |(name, _)| name)
}

/// Writes `settings` of an account.
pub(super) fn write(sheet: &mut Sheet<'_>, profile: &Profile) {
    sheet.object("payouts", |sheet| {
        sheet.flag("debit_negative_balances", true);
        sheet.object("schedule", |sheet| {
            sheet.natural("delay_days", profile.delay_days.into());
            sheet.text("interval", interval(profile.schedule));
            match profile.schedule {
                PayoutSchedule::Weekly(day) => sheet.text("weekly_anchor", weekday_name(day)),
                PayoutSchedule::Monthly(day) => sheet.natural("monthly_anchor", day.into()),
                PayoutSchedule::Manual | PayoutSchedule::Daily => {}
            }
        });
        sheet.null("statement_descriptor");
    });
}

fn written(work: &Work<'_>) -> Result<Answer> {
    use crate::json::{ArrayWriter, ObjectWriter};
    let profile = &work.get::<Account>(work.account)?.profile;
    let mut schedule = ObjectWriter::new().text("interval", interval(profile.schedule));
    match profile.schedule {
        PayoutSchedule::Weekly(day) => {
            let days = ArrayWriter::new().text(weekday_name(day));
            schedule = schedule.raw("weekly_payout_days", &days.finish());
        }
        PayoutSchedule::Monthly(day) => {
            schedule = schedule.raw("monthly_payout_days", &format!("[{day}]"));
        }
        PayoutSchedule::Manual | PayoutSchedule::Daily => {}
    }
    let payouts = ObjectWriter::new()
        .null("automatic_transfer_rules_by_currency")
        .null("minimum_balance_by_currency")
        .raw("schedule", &schedule.finish())
        .null("statement_descriptor")
        .text("status", "enabled");
    let timing =
        ObjectWriter::new().number("delay_days", profile.delay_days.into()).null("start_of_day").finish();
    let payments = ObjectWriter::new()
        .flag("debit_negative_balances", true)
        .raw("payouts", &payouts.finish())
        .raw("settlement_timing", &timing);
    let settings = ObjectWriter::new().text("object", "balance_settings").raw("payments", &payments.finish());
    Ok(Answer::Text(settings.finish()))
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    written(work)
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let patch = SettingsPatch::read_payments(&mut params)?;
    params.finish()?;

    // From here on the settings are changed.
    let (account, now) = (work.account, work.now);
    let found = work.edit::<Account>(account)?;
    patch.apply(&mut found.profile);
    let (purse, profile) = (found.purse, found.profile.clone());
    work.world.treasury.change_profile(purse, now, |kept| *kept = profile)?;
    written(work)
}
