//! Objects are written member by member, in one order, into one text: the same version always gives the same bytes.
//!
//! A field that may be expanded is written by [`Sheet::reference`] and nowhere else.

use super::super::ids::Ids;
use super::super::treasury::Treasury;
use super::super::webhooks::Webhooks;
use super::expand::Expand;
use super::object::{self, Kind, Metadata, Object, Tables};
use super::version::Version;
use crate::json::append_quoted;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// Where the gateway is said to be when nobody spoke to it: in the payload of a webhook.
pub(super) const LOCALHOST: &str = "localhost";

/// What most objects take when they are written.
const OBJECT_BYTES: usize = 2 << 10;

/// Appends the secret of an intent.
pub(super) fn client_secret(text: &mut String, ids: &Ids, prefix: &str, number: usize) {
    ids.append(text, prefix, number);
    text.push('_');
    ids.append(text, "secret", number);
}

/// Whether JSON has nothing to escape in a text. Sixteen bytes are looked at together, without a jump between them.
fn is_plain(text: &[u8]) -> bool {
    const AT_ONCE: usize = 16;
    let is_escaped = |byte: u8| byte < b' ' || matches!(byte, b'"' | b'\\');
    let holds_any = |chunk: &[u8]| chunk.iter().fold(false, |any, byte| any | is_escaped(*byte));
    let (chunks, rest) = text.as_chunks::<AT_ONCE>();
    !chunks.iter().any(|chunk| holds_any(chunk)) && !holds_any(rest)
}

/// What an object is written with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    pub(super) tables: &'a Tables,
    pub(super) ids: &'a Ids,
    /// What was booked, which never changes.
    pub(super) treasury: &'a Treasury,
    /// Where events are delivered from: what an event says of its deliveries is true when it is read.
    pub(super) office: &'a Webhooks,
    pub(super) version: Version,
    /// Where the gateway was spoken to, such as `127.0.0.1:4242`; [`LOCALHOST`] where nobody said.
    pub(super) host: &'a str,
    /// Whether this is the answer to the request that created the object: some secrets are shown only then.
    pub(super) is_new: bool,
}

/// An object that is being written.
#[derive(Debug)]
pub(super) struct Sheet<'a> {
    pub(super) reader: Reader<'a>,
    expand: &'a Expand,
    out: String,
}

impl<'a> Reader<'a> {
    /// An object as JSON, with the fields that are asked for expanded.
    pub(super) fn object(self, object: &Object, expand: &'a Expand) -> String {
        let mut sheet = Sheet { reader: self, expand, out: String::with_capacity(OBJECT_BYTES) };
        sheet.out.push('{');
        if object.has_id() {
            match object.own_id() {
                Some(id) => sheet.text("id", id),
                None => sheet.id("id", object.class().prefix(), object.head().number),
            }
        }
        sheet.text("object", object.name());
        object.write(&mut sheet);
        sheet.out.push('}');
        sheet.out
    }

    /// What is no object of a table, such as an older form of one, as JSON.
    pub(super) fn members(self, write: impl FnOnce(&mut Sheet<'_>)) -> String {
        let mut sheet =
            Sheet { reader: self, expand: Expand::NONE, out: String::with_capacity(OBJECT_BYTES) };
        sheet.out.push('{');
        write(&mut sheet);
        sheet.out.push('}');
        sheet.out
    }

    /// The id of an object.
    pub(super) fn id<T: Kind>(self, number: usize) -> String {
        object::id_of::<T>(self.tables, self.ids, number)
    }
}

impl<'a> Sheet<'a> {
    /// A text.
    pub(super) fn text(&mut self, name: &'static str, value: &str) {
        if is_plain(value.as_bytes()) {
            self.opened(name);
            self.out.push_str(value);
            return self.out.push('"');
        }
        self.name(name);
        append_quoted(&mut self.out, value);
    }

    /// A text, or `null`.
    pub(super) fn maybe_text(&mut self, name: &'static str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.null(name),
        }
    }

    /// A whole number.
    pub(super) fn integer(&mut self, name: &'static str, value: i128) {
        self.raw(name, &value.digits());
    }

    /// A number or amount that is never negative.
    pub(super) fn natural(&mut self, name: &'static str, value: u64) {
        self.name(name);
        append_digits(&mut self.out, value);
    }

    /// A number or amount that is never negative, or `null`.
    pub(super) fn maybe_natural(&mut self, name: &'static str, value: Option<u64>) {
        match value {
            Some(value) => self.natural(name, value),
            None => self.null(name),
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &'static str, value: bool) {
        match value {
            true => self.named(name, "\":true"),
            false => self.named(name, "\":false"),
        }
    }

    /// `null`.
    pub(super) fn null(&mut self, name: &'static str) {
        self.named(name, "\":null");
    }

    /// A moment, in seconds since the epoch.
    pub(super) fn time(&mut self, name: &'static str, at: Timestamp) {
        self.natural(name, at.unix_seconds());
    }

    /// A moment, in seconds since the epoch, or `null`.
    pub(super) fn maybe_time(&mut self, name: &'static str, at: Option<Timestamp>) {
        self.maybe_natural(name, at.map(Timestamp::unix_seconds));
    }

    /// A currency, in lower case as Stripe has it.
    pub(super) fn currency(&mut self, name: &'static str, currency: Currency) {
        self.opened(name);
        for letter in currency.code().bytes() {
            self.out.push(char::from(letter.to_ascii_lowercase()));
        }
        self.out.push('"');
    }

    /// `metadata`, `{}` when there is none.
    pub(super) fn metadata(&mut self, metadata: &Metadata) {
        self.object("metadata", |sheet| {
            for (name, value) in metadata.iter().flat_map(|pairs| pairs.iter()) {
                sheet.named_by_merchant(name, value);
            }
        });
    }

    /// What a page in a browser knows an intent by.
    pub(super) fn client_secret(&mut self, prefix: &str, number: usize) {
        self.opened("client_secret");
        client_secret(&mut self.out, self.reader.ids, prefix, number);
        self.out.push('"');
    }

    /// Members that are the same in every object of a kind, as they are written.
    pub(super) fn members(&mut self, json: &'static str) {
        self.separate();
        self.out.push_str(json);
    }

    /// A member whose value is JSON already.
    pub(super) fn raw(&mut self, name: &'static str, json: &str) {
        self.name(name);
        self.out.push_str(json);
    }

    /// A text under a name that came in with a request.
    pub(super) fn named_by_merchant(&mut self, name: &str, value: &str) {
        self.separate();
        append_quoted(&mut self.out, name);
        self.out.push(':');
        append_quoted(&mut self.out, value);
    }

    /// An object inside this one.
    pub(super) fn object(&mut self, name: &'static str, write: impl FnOnce(&mut Self)) {
        self.name(name);
        self.out.push('{');
        write(self);
        self.out.push('}');
    }

    /// A list of texts.
    pub(super) fn texts<'t>(&mut self, name: &'static str, texts: impl IntoIterator<Item = &'t str>) {
        self.array(name, texts, |sheet, text| append_quoted(&mut sheet.out, text));
    }

    /// A list of objects without an id of their own.
    pub(super) fn objects<T>(
        &mut self,
        name: &'static str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.array(name, items, |sheet, item| {
            sheet.out.push('{');
            write(sheet, item);
            sheet.out.push('}');
        });
    }

    /// The id of an object, the object itself where it is asked for, or `null`.
    pub(super) fn reference<T: Kind>(&mut self, name: &'static str, number: Option<usize>) {
        let Some(number) = number else { return self.null(name) };
        match (self.expand.below(name), T::table(self.reader.tables).get(number)) {
            (Some(expand), Some(found)) => {
                let json = self.inner().object(&T::object(found.clone()), expand);
                self.raw(name, &json);
            }
            _ if T::HAS_OWN_IDS => self.text(name, &self.reader.id::<T>(number)),
            _ => self.id(name, T::PREFIX, number),
        }
    }

    /// An object of any kind, whole, whether it is asked for or not.
    pub(super) fn embedded(&mut self, name: &'static str, object: &Object) {
        let expand = self.expand.below(name).unwrap_or(Expand::NONE);
        let json = self.inner().object(object, expand);
        self.raw(name, &json);
    }

    /// Objects of any kind, whole, one after the other.
    pub(super) fn whole(&mut self, name: &'static str, items: impl IntoIterator<Item = Object>) {
        let expand = self.expand.below(name).unwrap_or(Expand::NONE);
        let reader = self.inner();
        self.array(name, items, |sheet, item| sheet.out.push_str(&reader.object(&item, expand)));
    }

    /// Objects in which what is asked for is asked for by the name of the list.
    pub(super) fn items<T>(
        &mut self,
        name: &'static str,
        items: impl IntoIterator<Item = T>,
        write: impl FnMut(&mut Self, T),
    ) {
        let outer = self.expand;
        self.expand = outer.below(name).unwrap_or(Expand::NONE);
        self.objects(name, items, write);
        self.expand = outer;
    }

    /// A list object with all of `items`, whole: short lists that are part of another object.
    pub(super) fn list(&mut self, name: &'static str, url: &str, items: impl IntoIterator<Item = Object>) {
        self.page(name, url, items, false);
    }

    /// A list object with the first of its items, whole.
    pub(super) fn page(
        &mut self,
        name: &'static str,
        url: &str,
        items: impl IntoIterator<Item = Object>,
        has_more: bool,
    ) {
        let expand = self.expand.below(name).and_then(|list| list.below("data"));
        let expand = expand.unwrap_or(Expand::NONE);
        let reader = self.inner();
        self.object(name, |sheet| {
            sheet.text("object", "list");
            sheet.array("data", items, |sheet, item| sheet.out.push_str(&reader.object(&item, expand)));
            sheet.flag("has_more", has_more);
            sheet.text("url", url);
        });
    }

    /// Whether a field is asked for, where it is left out otherwise.
    pub(super) fn is_expanded(&self, name: &'static str) -> bool {
        self.expand.below(name).is_some()
    }

    /// What is asked for inside a plain object of this one, such as `invoice_settings`, is asked for by both names.
    pub(super) fn within(&mut self, name: &'static str, write: impl FnOnce(&mut Self)) {
        let outer = self.expand;
        let inner = outer.below(name).unwrap_or(Expand::NONE);
        self.object(name, |sheet| {
            sheet.expand = inner;
            write(sheet);
            sheet.expand = outer;
        });
    }

    fn array<T>(
        &mut self,
        name: &'static str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.name(name);
        self.out.push('[');
        for item in items {
            self.separate();
            write(self, item);
        }
        self.out.push(']');
    }

    /// A secret of a new object is not shown in the objects around it.
    fn inner(&self) -> Reader<'a> {
        Reader { is_new: false, ..self.reader }
    }

    /// The id a number gives.
    fn id(&mut self, name: &'static str, prefix: &str, number: usize) {
        self.opened(name);
        self.reader.ids.append(&mut self.out, prefix, number);
        self.out.push('"');
    }

    fn name(&mut self, name: &'static str) {
        self.named(name, "\":");
    }

    /// A name and the quote in front of its text.
    fn opened(&mut self, name: &'static str) {
        self.named(name, "\":\"");
    }

    /// Names are ours, and hold nothing that JSON would have to escape. In place of its calls, of which there are few, so that
    /// all but the name is written as the constant it is.
    #[inline]
    fn named(&mut self, name: &'static str, behind: &'static str) {
        match self.is_begun() {
            true => self.out.push_str(",\""),
            false => self.out.push('"'),
        }
        self.out.push_str(name);
        self.out.push_str(behind);
    }

    fn separate(&mut self) {
        if self.is_begun() {
            self.out.push(',');
        }
    }

    /// No value ends with an opening bracket, so one at the end says that nothing was written yet.
    fn is_begun(&self) -> bool {
        !matches!(self.out.as_bytes().last(), Some(b'{' | b'['))
    }
}
