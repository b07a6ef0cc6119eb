//! A file is known by what can be seen from outside: its name, purpose and size. What is in it is not kept.
//!
//! Source: <https://docs.stripe.com/api/files>. Uploads are `multipart/form-data`, on the same host as everything else.

use super::expand::{Field, Gives};
use super::form::Node;
use super::list::{Page, Span};
use super::multipart::{self, Part};
use super::object::{Class, Head, Kind, kind};
use super::params::{MetadataPatch, Params};
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::work::Work;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

const NOTE: &str = "Up to the size of a request body; contents are not kept and file links are not made.";

pub(super) const ROUTES: &[Row] = &[
    Row::new("POST", "/v1/files", create, Gives::One(Class::File), Level::Basic).noting(NOTE),
    Row::new("GET", "/v1/files", list, Gives::List(Class::File), Level::Whole),
    Row::new("GET", "/v1/files/:id", retrieve, Gives::One(Class::File), Level::Whole),
];

/// What a file may be uploaded for.
const PURPOSES: &[(&str, &str)] = &[
    ("account_requirement", "account_requirement"),
    ("additional_verification", "additional_verification"),
    ("business_icon", "business_icon"),
    ("business_logo", "business_logo"),
    ("customer_signature", "customer_signature"),
    ("dispute_evidence", "dispute_evidence"),
    ("identity_document", "identity_document"),
    ("issuing_regulatory_reporting", "issuing_regulatory_reporting"),
    ("pci_document", "pci_document"),
    ("platform_terms_of_service", "platform_terms_of_service"),
    ("tax_document_user_upload", "tax_document_user_upload"),
    ("terminal_reader_splashscreen", "terminal_reader_splashscreen"),
];

/// How long evidence is kept after its upload.
const EVIDENCE_LIFE: Millis = Millis::from_seconds(8 * 30 * 24 * 60 * 60);

/// An uploaded file.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) head: Head,
    pub(super) purpose: &'static str,
    filename: Option<String>,
    /// In bytes.
    size: usize,
}

impl File {
    fn expires_at(&self) -> Option<Timestamp> {
        (self.purpose == "dispute_evidence").then(|| self.head.created.saturating_add(EVIDENCE_LIFE))
    }

    /// The type as the end of the name tells it: `pdf`, `jpg`.
    fn ending(&self) -> Option<String> {
        let (_, ending) = self.filename.as_deref()?.rsplit_once('.')?;
        Some(ending.to_ascii_lowercase()).filter(|ending| !ending.is_empty())
    }
}

impl Kind for File {
    kind!(File, files);
    const PREFIX: &'static str = "file";
    const NAME: &'static str = "file";
    const FIELDS: &'static [Field] = &[];

    fn write(&self, sheet: &mut Sheet<'_>) {
        let id = sheet.reader.id::<Self>(self.head.number);
        sheet.time("created", self.head.created);
        sheet.maybe_time("expires_at", self.expires_at());
        sheet.maybe_text("filename", self.filename.as_deref());
        sheet.list("links", &glued(&["/v1/file_links?file=", &id]), []);
        sheet.text("purpose", self.purpose);
        sheet.raw("size", &self.size.digits());
        sheet.null("title");
        sheet.maybe_text("type", self.ending().as_deref());
        sheet.text("url", &glued(&["https://files.stripe.com/v1/files/", &id, "/contents"]));
    }
}

fn create(work: &mut Work<'_>, _: Params) -> Result<Answer> {
    let parts = multipart::parts(work.content_type, work.body).ok_or_else(|| {
        let message = "Expected a body of multipart/form-data with the parts `file` and `purpose`.";
        Refusal::request(message.to_owned())
    })?;
    let (files, fields): (Vec<Part<'_>>, Vec<Part<'_>>) =
        parts.into_iter().partition(|part| part.filename.is_some());
    let text = |part: &Part<'_>| Node::Text(String::from_utf8_lossy(part.content).into_owned());
    let mut params = Params::new(fields.iter().map(|part| (part.name.clone(), text(part))).collect());
    let purpose = params.choice("purpose", PURPOSES)?.ok_or_else(|| Refusal::missing("purpose"))?;
    params.finish()?;
    let file = match files.as_slice() {
        [file] if file.name == "file" => file,
        [] => return Err(Refusal::missing("file")),
        [file, ..] => return Err(Refusal::unknown(&file.name)),
    };
    let filename = file.filename.clone().filter(|name| !name.is_empty());
    let size = file.content.len();

    // From here on the file is known.
    let head = work.head::<File>(MetadataPatch::Keep);
    let number = work.add(File { head, purpose, filename, size });
    work.emit::<File>("file.created", number)?;
    Ok(Answer::Object(work.object::<File>(number)?))
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<File>(0)?;
    Ok(Answer::Object(work.object::<File>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<File>(work, &mut params)?;
    let (created, purpose) = (Span::read(&mut params, "created")?, params.choice("purpose", PURPOSES)?);
    params.finish()?;
    let found = page.of::<File>(work, |file| {
        created.holds(file.head.created) && purpose.is_none_or(|purpose| file.purpose == purpose)
    });
    Ok(Answer::list::<File>("/v1/files", found))
}
