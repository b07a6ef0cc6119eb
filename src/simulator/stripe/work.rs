//! One piece of work: a request that is carried out, or something that falls due.
//!
//! Handlers reach the world through it only, so that no object is seen by another account and no change is without
//! its event.

use alloc::sync::Arc;

use super::super::faults::Fault;
use super::super::settlement::Subject;
use super::super::webhooks::News;
use super::super::world::World;
use super::events::{Cause, Event};
use super::object::{self, Head, Kind, Metadata, Object, PLATFORM};
use super::params::MetadataPatch;
use super::refusal::{Refusal, Result};
use super::timers::Due;
use super::version::Version;
use crate::prelude::*;
use crate::time::Timestamp;

/// A request that is carried out, or something that falls due.
#[derive(Debug)]
pub(super) struct Work<'a> {
    pub(super) world: &'a mut World,
    pub(super) now: Timestamp,
    /// Up to when lists show what was added: now, unless a fault holds newer objects back.
    pub(super) as_of: Timestamp,
    /// For whom: objects of other accounts do not exist.
    pub(super) account: usize,
    pub(super) version: Version,
    /// The request; `None` when nobody asked.
    pub(super) cause: Option<Cause>,
    /// The decoded ids of the path, in its order.
    pub(super) path: &'a [String],
    /// The body as it came, for what is no form.
    pub(super) body: &'a [u8],
    /// Its media type; empty when none was given.
    pub(super) content_type: &'a str,
}

impl<'a> Work<'a> {
    /// What falls due at `at`, for the platform; whoever carries it out sets the account.
    pub(super) fn of_time(world: &'a mut World, at: Timestamp) -> Self {
        Self {
            world,
            now: at,
            as_of: at,
            account: PLATFORM,
            version: Version::newest(),
            cause: None,
            path: &[],
            body: &[],
            content_type: "",
        }
    }

    /// The id of the path at a place, from 0.
    pub(super) fn path_id(&self, at: usize) -> &str {
        self.path.get(at).map(String::as_str).unwrap_or_default()
    }

    /// The object the path names.
    ///
    /// # Errors
    ///
    /// 404 when there is none of this account.
    pub(super) fn find<T: Kind>(&self, at: usize) -> Result<usize> {
        let id = self.path_id(at);
        self.number::<T>(id).ok_or_else(|| Refusal::no_such(T::NAME, id))
    }

    /// The object a parameter names.
    ///
    /// # Errors
    ///
    /// 400 when there is none of this account.
    pub(super) fn find_param<T: Kind>(&self, id: &str, param: &str) -> Result<usize> {
        self.number::<T>(id).ok_or_else(|| Refusal::no_such_param(T::NAME, id, param))
    }

    /// The number in the id of an object of this account.
    pub(super) fn number<T: Kind>(&self, id: &str) -> Option<usize> {
        let tables = &self.world.stripe.tables;
        let number = object::number_of::<T>(tables, &self.world.ids, id)?;
        let found = T::table(tables).get(number)?;
        (found.head().account == self.account).then_some(number)
    }

    /// The present version of an object.
    ///
    /// # Errors
    ///
    /// A contradiction in the simulator: nobody has this number.
    pub(super) fn get<T: Kind>(&self, number: usize) -> Result<&Arc<T>> {
        T::table(&self.world.stripe.tables)
            .get(number)
            .ok_or_else(|| Refusal::bug("an object number names no object"))
    }

    /// The object, to be changed. Everything must have been checked before.
    ///
    /// # Errors
    ///
    /// A contradiction in the simulator: nobody has this number.
    pub(super) fn edit<T: Kind>(&mut self, number: usize) -> Result<&mut T> {
        T::table_mut(&mut self.world.stripe.tables)
            .edit(number)
            .ok_or_else(|| Refusal::bug("an object number names no object"))
    }

    /// What a new object of a kind begins with: the next number, this account, now, and the metadata asked for.
    pub(super) fn head<T: Kind>(&self, metadata: MetadataPatch) -> Head {
        let mut head = Head {
            number: T::table(&self.world.stripe.tables).len(),
            account: self.account,
            created: self.now,
            metadata: None,
        };
        merge(&mut head.metadata, metadata);
        head
    }

    /// Adds an object whose head [`Work::head`] made, and returns its number.
    pub(super) fn add<T: Kind>(&mut self, object: T) -> usize {
        let number = object.head().number;
        T::table_mut(&mut self.world.stripe.tables).push(object);
        number
    }

    /// The id of an object.
    pub(super) fn id<T: Kind>(&self, number: usize) -> String {
        object::id_of::<T>(&self.world.stripe.tables, &self.world.ids, number)
    }

    /// The present version of an object, as an answer or the content of an event.
    ///
    /// # Errors
    ///
    /// A contradiction in the simulator: nobody has this number.
    pub(super) fn object<T: Kind>(&self, number: usize) -> Result<Object> {
        self.get::<T>(number).map(|found| T::object(found.clone()))
    }

    /// Writes an event about the present version of an object and sends it off.
    ///
    /// # Errors
    ///
    /// A contradiction in the simulator: nobody has this number.
    pub(super) fn emit<T: Kind>(&mut self, kind: &'static str, number: usize) -> Result<()> {
        let object = self.object::<T>(number)?;
        self.announce(kind, object, None);
        Ok(())
    }

    /// Writes an event about a change; `before` is what `previous_attributes` are told from.
    ///
    /// # Errors
    ///
    /// A contradiction in the simulator: nobody has this number.
    pub(super) fn emit_change<T: Kind>(
        &mut self,
        kind: &'static str,
        number: usize,
        before: Arc<T>,
    ) -> Result<()> {
        let object = self.object::<T>(number)?;
        self.announce(kind, object, Some(T::object(before)));
        Ok(())
    }

    /// Lets something happen at a moment; what is due now happens once this work is done.
    pub(super) fn arrange(&mut self, at: Timestamp, due: Due) {
        self.world.stripe.timers.arrange(at, due);
    }

    fn announce(&mut self, kind: &'static str, object: Object, before: Option<Object>) {
        let head = Head { account: object.head().account, ..self.head::<Event>(MetadataPatch::Keep) };
        let account = head.account;
        let event = Event { head, kind, object, before, cause: self.cause.clone() };
        let is_silent = kind.starts_with("charge.dispute.") && self.is_silent(&event);
        let event = self.add(event);
        if !is_silent {
            self.world.publish(self.now, account, kind, News::Stripe { event });
        }
    }
}

impl Work<'_> {
    /// Whether no webhook tells of a dispute; the event can be read all the same.
    fn is_silent(&mut self, event: &Event) -> bool {
        let id = self.world.ids.id(event.object.class().prefix(), event.object.head().number);
        let subject = Subject { reference: &id, object: &id };
        self.world.misfortune(Fault::DisputeSilent, &subject, self.now)
    }
}

/// Does with metadata what a request wants of it.
pub(super) fn merge(metadata: &mut Metadata, patch: MetadataPatch) {
    let pairs = match patch {
        MetadataPatch::Keep => return,
        MetadataPatch::Clear => return *metadata = None,
        MetadataPatch::Merge(pairs) => pairs,
    };
    let mut merged: Vec<(String, String)> = metadata.iter().flat_map(|pairs| pairs.iter().cloned()).collect();
    for (name, value) in pairs {
        match merged.iter().position(|(found, _)| *found == name) {
            Some(at) if value.is_empty() => drop(merged.remove(at)),
            Some(at) => {
                if let Some((_, found)) = merged.get_mut(at) {
                    *found = value;
                }
            }
            None if value.is_empty() => {}
            None => merged.push((name, value)),
        }
    }
    *metadata = if merged.is_empty() { None } else { Some(merged.into()) };
}
