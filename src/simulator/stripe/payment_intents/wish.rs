//! What a request wants of an intent, read and checked before anything is changed.

use alloc::sync::Arc;

use super::super::amount_params;
use super::super::amounts;
use super::super::customers;
use super::super::params::{MetadataPatch, Params, Patch};
use super::super::payment_methods::{self, Named};
use super::super::refusal::{Refusal, Result};
use super::super::terms::TermsPatch;
use super::super::work::{Work, merge};
use super::card_options::{CardOptions, radar};
pub(in super::super) use super::machine::Confirmation;
use super::{CaptureMethod, Choice, Future, PaymentIntent, Status, ThreeDSecure};
use crate::money::Currency;
use crate::prelude::*;

/// Since which version the kinds of methods are chosen automatically where nothing is said.
const AUTOMATIC_METHODS_SINCE: [u32; 3] = [2023, 8, 16];

/// Since which version kinds of methods cannot be listed any more.
const LISTS_REFUSED_SINCE: [u32; 3] = [2026, 9, 30];

const CAPTURE_METHODS: &[(&str, CaptureMethod)] = &[
    ("automatic", CaptureMethod::Automatic),
    ("automatic_async", CaptureMethod::AutomaticAsync),
    ("manual", CaptureMethod::Manual),
];

pub(super) const FUTURES: &[(&str, Future)] =
    &[("off_session", Future::OffSession), ("on_session", Future::OnSession)];

/// What a request wants of an intent that is there or will be.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) amount: Option<u64>,
    pub(super) currency: Option<Currency>,
    pub(super) capture: Option<CaptureMethod>,
    pub(super) customer: Patch<usize>,
    pub(super) method: Option<Named>,
    pub(super) terms: TermsPatch,
    pub(super) metadata: MetadataPatch,
    future: Patch<Future>,
    allowed: Patch<Arc<[String]>>,
    excluded: Patch<Arc<[String]>>,
    three_d_secure: Option<ThreeDSecure>,
    holds_cards: Option<bool>,
}

impl Wish {
    /// Reads what creating, updating and confirming have in common.
    ///
    /// # Errors
    ///
    /// A value is wrong, or names nothing.
    pub(super) fn read(work: &Work<'_>, params: &mut Params) -> Result<Self> {
        let amount = params.positive("amount")?;
        let currency = amount_params::maybe_currency(params)?;
        let capture = params.choice("capture_method", CAPTURE_METHODS)?;
        refuse_lists(work, params)?;
        let customer = match params.patch("customer")? {
            Patch::Keep => Patch::Keep,
            Patch::Unset => Patch::Unset,
            Patch::Set(id) => Patch::Set(customers::named(work, &id, "customer")?),
        };
        let method = payment_methods::wanted(work, params)?;
        let options = CardOptions::read(params)?;
        radar(params)?;
        Ok(Self {
            amount,
            currency,
            capture,
            customer,
            method,
            terms: TermsPatch::read(work, params)?,
            metadata: params.metadata()?,
            future: match future(params)? {
                Patch::Keep => options.future,
                said => said,
            },
            allowed: types(params, "allowed_payment_method_types")?,
            excluded: types(params, "excluded_payment_method_types")?,
            three_d_secure: options.three_d_secure,
            holds_cards: options.holds_cards,
        })
    }

    /// Whether cards, which are all there is here, are among the kinds that are allowed then.
    ///
    /// # Errors
    ///
    /// They are not, so that nothing could pay the intent.
    pub(super) fn check_kinds(&self, intent: Option<&PaymentIntent>) -> Result<()> {
        let after = |patch: &Patch<Arc<[String]>>, before: Option<Arc<[String]>>| match patch {
            Patch::Keep => before,
            Patch::Unset => None,
            Patch::Set(types) => Some(types.clone()),
        };
        let allowed = after(&self.allowed, intent.and_then(|intent| intent.allowed.clone()));
        let excluded = after(&self.excluded, intent.and_then(|intent| intent.excluded.clone()));
        let names_card = |types: Arc<[String]>| types.iter().any(|kind| kind == "card");
        if allowed.is_none_or(names_card) && !excluded.is_some_and(names_card) {
            return Ok(());
        }
        let message = "No valid payment method types for this Payment Intent: the simulator knows cards only, and they are \
                       excluded, or not among those that are allowed.";
        Err(Refusal::request(message.to_owned()))
    }

    /// Writes into an intent everything but its method, which has to be made first.
    pub(super) fn apply(self, intent: &mut PaymentIntent) {
        intent.amount = self.amount.unwrap_or(intent.amount);
        intent.currency = self.currency.unwrap_or(intent.currency);
        intent.capture = self.capture.unwrap_or(intent.capture);
        self.customer.apply(&mut intent.customer);
        self.terms.apply(&mut intent.terms);
        self.future.apply(&mut intent.future);
        self.allowed.apply(&mut intent.allowed);
        self.excluded.apply(&mut intent.excluded);
        intent.three_d_secure = self.three_d_secure.unwrap_or(intent.three_d_secure);
        intent.holds_cards = self.holds_cards.unwrap_or(intent.holds_cards);
        merge(&mut intent.head.metadata, self.metadata);
    }
}

/// Kinds of methods cannot be listed any more.
///
/// # Errors
///
/// They are, in a version that does not know it.
pub(in super::super) fn refuse_lists(work: &Work<'_>, params: &Params) -> Result<()> {
    if !params.has("payment_method_types") || !since(work, LISTS_REFUSED_SINCE) {
        return Ok(());
    }
    let message = "The `payment_method_types` parameter is no longer supported. Use `allowed_payment_method_types` to \
                   narrow the payment methods of your settings, or leave both out.";
    let code = Some("payment_method_types_no_longer_supported");
    Err(Refusal::param(code, "payment_method_types", message.to_owned()))
}

/// Whether a request speaks a version of that day or later.
pub(super) fn since(work: &Work<'_>, [year, month, day]: [u32; 3]) -> bool {
    work.version.since(year, month, day)
}

/// Gives an intent a method: what was asked of the holder before does not count for it.
pub(super) fn give_method(intent: &mut PaymentIntent, method: usize) {
    if intent.payment_method != Some(method) {
        intent.is_authenticated = false;
    }
    intent.payment_method = Some(method);
    intent.status = Status::RequiresConfirmation;
}

/// Reads how the kinds of methods are chosen for a new intent.
///
/// # Errors
///
/// A value is wrong.
pub(in super::super) fn choice(work: &Work<'_>, params: &mut Params) -> Result<Choice> {
    let listed = params.texts("payment_method_types")?;
    if let Some(types) = &listed
        && let Some(at) = types.iter().position(|kind| kind != "card")
    {
        let kind = types.get(at).map(String::as_str).unwrap_or_default();
        let message = format!("The payment method type \"{kind}\" is not simulated; \"card\" is.");
        return Err(Refusal::param(None, "payment_method_types", message));
    }
    let Patch::Set(mut automatic) = params.object("automatic_payment_methods")? else {
        let is_automatic = listed.is_none() && since(work, AUTOMATIC_METHODS_SINCE);
        return Ok(if is_automatic {
            Choice::Automatic { redirects: true, explicit: false }
        } else {
            Choice::Listed
        });
    };
    let is_enabled = automatic.flag("enabled")?;
    let redirects = automatic.choice("allow_redirects", &[("always", true), ("never", false)])?;
    let missing = is_enabled.is_none().then(|| automatic.name("enabled"));
    automatic.finish()?;
    match is_enabled {
        None => Err(Refusal::missing(&missing.unwrap_or_default())),
        Some(false) => Ok(Choice::Listed),
        Some(true) if listed.is_some() => {
            let message = "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.";
            Err(Refusal::param(None, "automatic_payment_methods", message.to_owned()))
        }
        Some(true) => Ok(Choice::Automatic { redirects: redirects.unwrap_or(true), explicit: true }),
    }
}

impl Confirmation {
    /// Reads how a confirmation is meant. Where nothing is confirmed, none of it may be said.
    ///
    /// # Errors
    ///
    /// A value is wrong, or stands where nothing is confirmed.
    pub(in super::super) fn read(params: &mut Params, is_confirmed: bool) -> Result<Self> {
        const OF_CONFIRMATIONS: [&str; 5] =
            ["error_on_requires_action", "mandate_data", "off_session", "return_url", "use_stripe_sdk"];
        if !is_confirmed && let Some(name) = OF_CONFIRMATIONS.iter().find(|name| params.has(name)) {
            let message = format!(
                "The parameter `{name}` cannot be passed when creating a PaymentIntent unless `confirm` is set to true."
            );
            return Err(Refusal::param(None, name, message));
        }
        let off_session = match params.text("off_session")?.as_deref() {
            None | Some("false") => false,
            Some("true" | "one_off" | "recurring") => true,
            Some(other) => return Err(params.invalid("off_session", "off_session", other)),
        };
        let no_questions = params.flag("error_on_requires_action")?.unwrap_or(false);
        let is_for_sdk = params.flag("use_stripe_sdk")?.unwrap_or(false);
        let return_url = params.text("return_url")?;
        mandate(params)?;
        if let Some(url) = &return_url
            && !url.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
        {
            return Err(Refusal::param(Some("url_invalid"), "return_url", "Not a valid URL".to_owned()));
        }
        let return_url = return_url.filter(|_| !is_for_sdk).map(Arc::from);
        Ok(Self { off_session, no_questions, return_url })
    }
}

/// A mandate says when and where the holder agreed; cards need none, so it is read and changes nothing.
fn mandate(params: &mut Params) -> Result<()> {
    let Patch::Set(mut mandate) = params.object("mandate_data")? else { return Ok(()) };
    if let Patch::Set(mut acceptance) = mandate.object("customer_acceptance")? {
        let _ = (acceptance.required_text("type")?, acceptance.natural("accepted_at")?);
        let _ = acceptance.object("offline")?;
        if let Patch::Set(mut online) = acceptance.object("online")? {
            let _ = (online.patch("ip_address")?, online.patch("user_agent")?);
            online.finish()?;
        }
        acceptance.finish()?;
    }
    mandate.finish()
}

/// Whether an amount may be charged.
///
/// # Errors
///
/// It is too small or too large for its currency.
pub(in super::super) fn check_amount(amount: u64, currency: Currency) -> Result<()> {
    let code = currency.code().to_ascii_lowercase();
    let (least, most) = (amounts::minimum(&code), amounts::maximum(&code));
    if amount < least {
        let message = format!("Amount must be at least {} {code}", amounts::shown(least, &code));
        return Err(Refusal::param(Some("amount_too_small"), "amount", message));
    }
    if amount > most {
        let message = format!("Amount must be no more than {}", amounts::shown(most, &code));
        return Err(Refusal::param(Some("amount_too_large"), "amount", message));
    }
    Ok(())
}

pub(super) fn future(params: &mut Params) -> Result<Patch<Future>> {
    if params.is_unset("setup_future_usage") {
        let _ = params.take("setup_future_usage");
        return Ok(Patch::Unset);
    }
    Ok(params.choice("setup_future_usage", FUTURES)?.map_or(Patch::Keep, Patch::Set))
}

/// Kinds of payment methods by name; an empty value unsets them.
pub(in super::super) fn types(params: &mut Params, name: &str) -> Result<Patch<Arc<[String]>>> {
    match params.texts(name)? {
        None => Ok(Patch::Keep),
        Some(types) if types.is_empty() => Ok(Patch::Unset),
        Some(types) => Ok(Patch::Set(types.into())),
    }
}
