//! A payment method belongs to one customer or to nobody: what was used or detached without a customer is never used
//! again.
//!
//! Names of the documentation, such as `pm_card_visa`, stand for a card; each use of one makes a method of its own.

mod serve;

use alloc::sync::Arc;

use super::addresses::Billing;
use super::cards::{self, Card};
use super::customers::{self, Customer};
use super::expand::{Field, Holds};
use super::object::{Class, Head, Kind, kind};
use super::params::{MetadataPatch, Params, Patch};
use super::refusal::{Refusal, Result};
use super::sheet::Sheet;
use super::test_cards::{self, TestCard};
use super::tokens;
use super::work::Work;
use crate::prelude::*;
use crate::time::Timestamp;

pub(super) use serve::{ROUTES, list_of, of_path};

const SPENT: &str = "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, \
                     shared with a connected account without Customer attachment, or was detached from a Customer. It \
                     may not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer \
                     first.";

const ATTACHED: &str = "The payment method you provided has already been attached to a customer.";

const NOT_ATTACHABLE: &str = "This PaymentMethod was previously used without being attached to a Customer or was detached \
                              from a Customer, and may not be used again.";

/// Who may pay with a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeper {
    /// Whoever uses it first.
    Nobody,
    Customer(usize),
    /// Nobody any more.
    Spent,
}

/// Whether a checkout may show it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Redisplay {
    Always,
    Limited,
    Unspecified,
}

const REDISPLAY: &[(&str, Redisplay)] = &[
    ("always", Redisplay::Always),
    ("limited", Redisplay::Limited),
    ("unspecified", Redisplay::Unspecified),
];

impl Redisplay {
    const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Limited => "limited",
            Self::Unspecified => "unspecified",
        }
    }
}

/// A card somebody pays with.
#[derive(Clone, Debug)]
pub(super) struct PaymentMethod {
    pub(super) head: Head,
    pub(super) card: Card,
    pub(super) keeper: Keeper,
    pub(super) billing: Option<Arc<Billing>>,
    pub(super) redisplay: Redisplay,
    /// Whether its holder has authenticated for payments to come.
    pub(super) is_set_up: bool,
}

impl PaymentMethod {
    /// The method that using a test name makes.
    fn of_test(head: Head, test: &'static TestCard, now: Timestamp) -> Self {
        Self {
            head,
            card: Card::of_test(test, now),
            keeper: Keeper::Nobody,
            billing: None,
            redisplay: Redisplay::Unspecified,
            is_set_up: false,
        }
    }

    /// The customer it belongs to.
    pub(super) const fn customer(&self) -> Option<usize> {
        match self.keeper {
            Keeper::Customer(customer) => Some(customer),
            Keeper::Nobody | Keeper::Spent => None,
        }
    }
}

impl Kind for PaymentMethod {
    kind!(PaymentMethod, payment_methods);
    const PREFIX: &'static str = "pm";
    const NAME: &'static str = "payment_method";
    const FIELDS: &'static [Field] = &[("customer", Holds::One(Class::Customer))];

    fn write(&self, sheet: &mut Sheet<'_>) {
        sheet.text("allow_redisplay", self.redisplay.name());
        match &self.billing {
            Some(billing) => billing.write(sheet),
            None => Billing::default().write(sheet),
        }
        self.card.write(sheet);
        sheet.time("created", self.head.created);
        sheet.reference::<Customer>("customer", self.customer());
        sheet.null("customer_account");
        sheet.flag("livemode", false);
        sheet.metadata(&self.head.metadata);
        sheet.text("type", "card");
    }
}

/// What a request names as a payment method, before it is carried out.
#[derive(Clone, Debug)]
pub(super) enum Named {
    /// One that is there.
    Known(usize),
    /// One to be made of a test card.
    Test(&'static TestCard),
    /// One to be made of `payment_method_data`.
    New(Box<Draft>),
}

/// A method that was read and is not there yet.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) shown: cards::Shown,
    pub(super) billing: Option<Arc<Billing>>,
    pub(super) redisplay: Redisplay,
    pub(super) metadata: MetadataPatch,
}

/// The method a parameter names.
///
/// # Errors
///
/// 400 when there is none.
pub(super) fn named(work: &Work<'_>, id: &str, param: &str) -> Result<Named> {
    if let Some(test) = id.strip_prefix("pm_card_").and_then(test_cards::named) {
        return Ok(Named::Test(test));
    }
    work.number::<PaymentMethod>(id).map(Named::Known).ok_or_else(|| missing(id, param))
}

/// What a request wants to be paid with: `payment_method`, or `payment_method_data`.
///
/// # Errors
///
/// It names nothing, or the card is refused.
pub(super) fn wanted(work: &Work<'_>, params: &mut Params) -> Result<Option<Named>> {
    let id = params.text("payment_method")?;
    match (id, params.object("payment_method_data")?) {
        (Some(id), _) => named(work, &id, "payment_method").map(Some),
        (None, Patch::Set(data)) => Ok(Some(Named::New(Box::new(draft(work, data)?)))),
        (None, Patch::Keep | Patch::Unset) => Ok(None),
    }
}

fn missing(id: &str, param: &str) -> Box<Refusal> {
    Refusal::no_such_param("PaymentMethod", id, param)
}

/// Reads `type`, `card`, `billing_details`, `allow_redisplay` and `metadata` to the end.
///
/// # Errors
///
/// The type is not simulated, the card is refused, or a member is wrong.
pub(super) fn draft(work: &Work<'_>, mut params: Params) -> Result<Draft> {
    let kind = params.text("type")?;
    let card = params.object("card")?;
    if let Some(kind) = kind.filter(|kind| kind != "card") {
        let message = format!("Payment methods of type `{kind}` are not simulated; `card` is.");
        return Err(Refusal::param(Some("payment_method_unsupported_type"), &params.name("type"), message));
    }
    let Patch::Set(card) = card else { return Err(Refusal::missing(&params.name("card"))) };
    let mut shown = Card::read(work, card)?;
    let billing = Billing::default().read(&mut params)?.value();
    if let Some(billing) = &billing {
        shown.card.given.line1 |= billing.address.line1.is_some();
        shown.card.given.postal_code |= billing.address.postal_code.is_some();
    }
    let redisplay = params.choice("allow_redisplay", REDISPLAY)?.unwrap_or(Redisplay::Unspecified);
    let metadata = params.metadata()?;
    if let Patch::Set(mut radar) = params.object("radar_options")? {
        let _ = radar.text("session")?;
        radar.finish()?;
    }
    params.finish()?;
    Ok(Draft { shown, billing: billing.map(Arc::new), redisplay, metadata })
}

/// The method of `payment_method` that is to become a customer's.
///
/// # Errors
///
/// It names nothing, belongs to somebody, was spent, or its card is refused.
pub(super) fn attachable(work: &Work<'_>, params: &mut Params) -> Result<Option<Named>> {
    let Some(id) = params.text("payment_method")? else { return Ok(None) };
    let named = named(work, &id, "payment_method")?;
    check_attachable(work, &named)?;
    Ok(Some(named))
}

/// Whether a method can become a customer's.
///
/// # Errors
///
/// It belongs to somebody, was spent, or its card is refused.
fn check_attachable(work: &Work<'_>, named: &Named) -> Result<()> {
    let card = match named {
        Named::Known(number) => {
            let method = work.get::<PaymentMethod>(*number)?;
            match method.keeper {
                Keeper::Nobody => {}
                Keeper::Customer(_) => return Err(Refusal::request(ATTACHED.to_owned())),
                Keeper::Spent => return Err(Refusal::request(NOT_ATTACHABLE.to_owned())),
            }
            method.card.test
        }
        Named::Test(test) => test,
        Named::New(draft) => draft.shown.card.test,
    };
    match card.declines.filter(|_| !card.attaches) {
        Some(decline) => Err(cards::declined(decline)),
        None => Ok(()),
    }
}

/// Makes the method that was named, where it is not there yet. The request must have been accepted.
///
/// # Errors
///
/// A contradiction in the simulator: nobody has this number.
pub(super) fn realise(work: &mut Work<'_>, named: Named) -> Result<usize> {
    let draft = match named {
        Named::Known(number) => return Ok(number),
        Named::Test(test) => {
            let head = work.head::<PaymentMethod>(MetadataPatch::Keep);
            return Ok(work.add(PaymentMethod::of_test(head, test, work.now)));
        }
        Named::New(draft) => *draft,
    };
    tokens::use_up(work, draft.shown)?;
    Ok(work.add(PaymentMethod {
        head: work.head::<PaymentMethod>(draft.metadata),
        card: draft.shown.card,
        keeper: Keeper::Nobody,
        billing: draft.billing,
        redisplay: draft.redisplay,
        is_set_up: false,
    }))
}

/// Whether a customer, or nobody in particular, may pay with what was named.
///
/// # Errors
///
/// It was spent, or belongs to somebody else.
pub(super) fn check_payer(work: &Work<'_>, named: &Named, customer: Option<usize>) -> Result<()> {
    let Named::Known(number) = named else { return Ok(()) };
    let id = work.id::<PaymentMethod>(*number);
    match (work.get::<PaymentMethod>(*number)?.keeper, customer) {
        (Keeper::Nobody, _) => Ok(()),
        (Keeper::Customer(owner), Some(customer)) if owner == customer => Ok(()),
        (Keeper::Spent, _) => Err(Refusal::request(SPENT.to_owned())),
        (Keeper::Customer(_), None) => {
            let message = format!(
                "The payment method supplied ({id}) belongs to a Customer. Please include the Customer in the \
                 `customer` parameter on the PaymentIntent."
            );
            Err(Refusal::param(None, "customer", message))
        }
        (Keeper::Customer(_), Some(_)) => {
            let message = format!(
                "The customer does not have a payment method with the ID {id}. The payment method must be attached to \
                 the customer."
            );
            Err(Refusal::param(Some("resource_missing"), "payment_method", message))
        }
    }
}

/// Gives a method to a customer. Nothing happens where it is theirs already.
///
/// # Errors
///
/// A contradiction in the simulator: nobody has this number.
pub(super) fn keep(work: &mut Work<'_>, number: usize, customer: usize) -> Result<()> {
    if work.get::<PaymentMethod>(number)?.keeper == Keeper::Customer(customer) {
        return Ok(());
    }
    let method = work.edit::<PaymentMethod>(number)?;
    method.keeper = Keeper::Customer(customer);
    method.card.given.is_checked = true;
    work.emit::<PaymentMethod>("payment_method.attached", number)
}

/// A method that nobody keeps was used: nobody may use it again.
///
/// # Errors
///
/// A contradiction in the simulator: nobody has this number.
pub(super) fn spend(work: &mut Work<'_>, number: usize) -> Result<()> {
    if work.get::<PaymentMethod>(number)?.keeper == Keeper::Nobody {
        work.edit::<PaymentMethod>(number)?.keeper = Keeper::Spent;
    }
    Ok(())
}

/// Takes a method from its customer, who does not pay with it by default any more.
///
/// # Errors
///
/// A contradiction in the simulator: nobody has this number.
pub(super) fn release(work: &mut Work<'_>, number: usize) -> Result<()> {
    let before = work.get::<PaymentMethod>(number)?.clone();
    let Some(customer) = before.customer() else { return Ok(()) };
    work.edit::<PaymentMethod>(number)?.keeper = Keeper::Spent;
    work.emit_change("payment_method.detached", number, before)?;
    customers::forget_method(work, customer, number)
}

/// The methods of a customer, oldest first.
pub(super) fn of_customer(work: &Work<'_>, customer: usize) -> Vec<usize> {
    let rows = work.world.stripe.tables.payment_methods.rows().iter();
    rows.filter(|method| method.customer() == Some(customer)).map(|method| method.head.number).collect()
}
