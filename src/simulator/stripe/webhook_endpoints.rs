//! An endpoint's secret is shown in the answer that created it and never again.
//!
//! The object is what the merchant sees; the post office holds what is delivered, and both change together. Source:
//! <https://docs.stripe.com/api/webhook_endpoints>. Secrets are rotated in Stripe's dashboard, not over its API; natively
//! there is a route.

use super::super::signing::Scheme;
use super::super::webhooks::{Dialect, ENDPOINTS_MAX, Endpoint, Filter, Status};
use super::event_types;
use super::expand::{Field, Gives};
use super::list::Page;
use super::object::{Class, Head, Kind, PLATFORM, kind};
use super::params::Params;
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::version::Version;
use super::work::{Work, merge};
use crate::crypto::encode_hex;
use crate::prelude::*;

pub(super) const ROUTES: &[Row] = &[
    Row::new("POST", "/v1/webhook_endpoints", create, Gives::One(Class::WebhookEndpoint), Level::Whole),
    Row::new("GET", "/v1/webhook_endpoints", list, Gives::List(Class::WebhookEndpoint), Level::Whole),
    Row::new("GET", "/v1/webhook_endpoints/:id", retrieve, Gives::One(Class::WebhookEndpoint), Level::Whole),
    Row::new("POST", "/v1/webhook_endpoints/:id", update, Gives::One(Class::WebhookEndpoint), Level::Whole),
    Row::new("DELETE", "/v1/webhook_endpoints/:id", delete, Gives::Nothing, Level::Whole),
];

/// Where events go, as the merchant sees it.
#[derive(Clone, Debug)]
pub(super) struct WebhookEndpoint {
    pub(super) head: Head,
    /// Its number in the post office.
    office: usize,
    url: String,
    /// As they came.
    enabled_events: Vec<String>,
    description: Option<String>,
    api_version: Option<Version>,
    is_disabled: bool,
    is_deleted: bool,
    secret: Secret,
}

/// What is shown once and printed never.
#[derive(Clone)]
struct Secret(String);

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("[REDACTED]")
    }
}

impl Kind for WebhookEndpoint {
    kind!(WebhookEndpoint, webhook_endpoints);
    const PREFIX: &'static str = "we";
    const NAME: &'static str = "webhook_endpoint";
    const FIELDS: &'static [Field] = &[];

    fn write(&self, sheet: &mut Sheet<'_>) {
        if self.is_deleted {
            return sheet.flag("deleted", true);
        }
        sheet.maybe_text("api_version", self.api_version.map(Version::to_text).as_deref());
        sheet.null("application");
        sheet.time("created", self.head.created);
        sheet.maybe_text("description", self.description.as_deref());
        sheet.texts("enabled_events", self.enabled_events.iter().map(String::as_str));
        sheet.flag("livemode", false);
        sheet.metadata(&self.head.metadata);
        if sheet.reader.is_new {
            sheet.text("secret", &self.secret.0);
        }
        sheet.text("status", if self.is_disabled { "disabled" } else { "enabled" });
        sheet.text("url", &self.url);
    }
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let url = address(&params.required_text("url")?)?;
    let events = enabled_events(&mut params)?.ok_or_else(|| Refusal::missing("enabled_events"))?;
    let version = params.text("api_version")?.map(|text| Version::read(Some(&text))).transpose()?;
    let connect = params.flag("connect")?.unwrap_or(false);
    let (description, metadata) = (params.patch("description")?, params.metadata()?);
    params.finish()?;
    if connect && work.account != PLATFORM {
        let message = "A connected account cannot create Connect webhook endpoints.".to_owned();
        return Err(Refusal::param(None, "connect", message));
    }
    let secret =
        format!("whsec_{}", encode_hex(&work.world.ids.secret(work.world.webhooks.endpoints_ever())));
    let endpoint = Endpoint {
        account: work.account,
        connect,
        filter: Filter::of(events.iter().map(String::as_str)),
        schedule: work.world.schedule,
        api_version: version.map(Version::to_text),
        ..Endpoint::new(Dialect::Stripe, url.clone(), Scheme::Stripe, secret.clone(), work.now)
    };
    let office = work.world.webhooks.add_endpoint(endpoint).map_err(|_| {
        Refusal::request(format!("You have reached the maximum of {ENDPOINTS_MAX} test webhook endpoints."))
    })?;

    // From here on events are delivered.
    let number = work.add(WebhookEndpoint {
        head: work.head::<WebhookEndpoint>(metadata),
        office,
        url,
        enabled_events: events,
        description: description.value(),
        api_version: version,
        is_disabled: false,
        is_deleted: false,
        secret: Secret(secret),
    });
    Ok(Answer::New(work.object::<WebhookEndpoint>(number)?))
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = present(work)?;
    Ok(Answer::Object(work.object::<WebhookEndpoint>(number)?))
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = present(work)?;
    let url = params.text("url")?.map(|url| address(&url)).transpose()?;
    let events = enabled_events(&mut params)?;
    let disabled = params.flag("disabled")?;
    let (description, metadata) = (params.patch("description")?, params.metadata()?);
    params.finish()?;

    // From here on the endpoint is changed.
    let found = work.edit::<WebhookEndpoint>(number)?;
    description.apply(&mut found.description);
    merge(&mut found.head.metadata, metadata);
    if let Some(url) = &url {
        found.url.clone_from(url);
    }
    if let Some(events) = &events {
        found.enabled_events.clone_from(events);
    }
    found.is_disabled = disabled.unwrap_or(found.is_disabled);
    let (office, is_disabled) = (found.office, found.is_disabled);
    if let Some(endpoint) = work.world.webhooks.endpoint_mut(office) {
        endpoint.status = if is_disabled { Status::Disabled } else { Status::Enabled };
        endpoint.url = url.unwrap_or_else(|| endpoint.url.clone());
        if let Some(events) = events {
            endpoint.filter = Filter::of(events.iter().map(String::as_str));
        }
    }
    Ok(Answer::Object(work.object::<WebhookEndpoint>(number)?))
}

fn delete(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = present(work)?;

    // From here on the endpoint is gone.
    let found = work.edit::<WebhookEndpoint>(number)?;
    found.is_deleted = true;
    let office = found.office;
    if let Some(endpoint) = work.world.webhooks.endpoint_mut(office) {
        endpoint.status = Status::Deleted;
    }
    Ok(Answer::Object(work.object::<WebhookEndpoint>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<WebhookEndpoint>(work, &mut params)?;
    params.finish()?;
    let found = page.of::<WebhookEndpoint>(work, |endpoint| !endpoint.is_deleted);
    Ok(Answer::list::<WebhookEndpoint>("/v1/webhook_endpoints", found))
}

/// The endpoint the path names, unless it was deleted.
fn present(work: &Work<'_>) -> Result<usize> {
    let number = work.find::<WebhookEndpoint>(0)?;
    if work.get::<WebhookEndpoint>(number)?.is_deleted {
        return Err(Refusal::no_such(WebhookEndpoint::NAME, work.path_id(0)));
    }
    Ok(number)
}

/// An address a request can be sent to.
fn address(url: &str) -> Result<String> {
    if super::super::native::is_callable(url) {
        return Ok(url.to_owned());
    }
    let message = if url.starts_with("http://") || url.starts_with("https://") {
        "Not a valid URL"
    } else {
        "Invalid URL: An explicit scheme (such as https) must be provided."
    };
    Err(Refusal::param(Some("url_invalid"), "url", message.to_owned()))
}

/// The types asked for, each of which exists.
fn enabled_events(params: &mut Params) -> Result<Option<Vec<String>>> {
    let Some(events) = params.texts("enabled_events")? else { return Ok(None) };
    if events.is_empty() {
        return Err(Refusal::missing("enabled_events"));
    }
    for (at, name) in events.iter().enumerate() {
        if name != "*" && !event_types::is_known(name) {
            let shown: String = name.chars().take(60).collect();
            let message =
                format!("Invalid enabled_events[{at}]: `{shown}` is no type of events; `*` stands for all.");
            return Err(Refusal::param(None, &format!("enabled_events[{at}]"), message));
        }
    }
    Ok(Some(events))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret("whsec_1".to_owned())), "[REDACTED]");
    }
}
