//! What the bytes of a packed row mean: both who writes and who reads them go by these numbers.
//!
//! A row is its length in two bytes, the lower one first, and fields of one byte each; then the parts of what
//! is signed, each of three bytes (a number of [`part`] and two operands); the texts of the paths; the names of the
//! headers; and the texts themselves, each behind its length. A *text* in a field or an operand is the place of a text
//! among those, of which the first is empty. A *slot* is the place of a header among the names. A *path* is the place of a
//! path among the paths; its text has dots between the names of members, outermost first.

/// Text: the name of the scheme.
pub(super) const NAME: usize = 2;
/// A number of [`place`].
pub(super) const PLACE: usize = 3;
/// How many headers may hold the signature: they have the first slots.
pub(super) const PLACE_SLOTS: usize = 4;
/// Text: the field of the form that holds the signature.
pub(super) const PLACE_FIELD: usize = 5;
/// A number of [`grammar`].
pub(super) const GRAMMAR: usize = 6;
/// Text: what the grammar looks for.
pub(super) const GRAMMAR_TEXT: usize = 7;
/// A number of [`form`].
pub(super) const FORM: usize = 8;
/// A number of [`proof`].
pub(super) const PROOF: usize = 9;
/// Which hash proves: 1 for SHA-1, 2 for SHA-256, 3 for SHA-512, as the shell counts them.
pub(super) const HASH: usize = 10;
/// A number of [`key`].
pub(super) const KEY: usize = 11;
/// Text: what may stand before the base64 of a key; and the same once more.
pub(super) const KEY_PREFIXES: [usize; 2] = [12, 13];
/// How many messages the content may stand for.
pub(super) const SPELLINGS: usize = 14;
/// A number of [`clock`].
pub(super) const CLOCK: usize = 15;
/// Text: the pair that holds the time.
pub(super) const CLOCK_PAIR: usize = 16;
/// Slot: the header that holds the time.
pub(super) const CLOCK_SLOT: usize = 17;
/// A number of [`unit`].
pub(super) const UNIT: usize = 18;
/// A number of [`window`].
pub(super) const WINDOW: usize = 19;
/// Seconds allowed, in units of [`TOLERANCE_UNIT_SECONDS`].
pub(super) const TOLERANCE: usize = 20;
/// Bits of [`flag`].
pub(super) const FLAGS: usize = 21;
/// A number of [`id`].
pub(super) const ID: usize = 22;
/// Slot: the header with the id.
pub(super) const ID_SLOT: usize = 23;
/// How many paths lead to the id.
pub(super) const ID_PATHS: usize = 24;
/// 1 when the type stands in the header of [`KIND_SLOT`].
pub(super) const KIND_IN_HEADER: usize = 25;
/// Slot: the header with the type.
pub(super) const KIND_SLOT: usize = 26;
/// A number of [`moment`].
pub(super) const MOMENT: usize = 27;
/// Text: the member of the body that is the list of events.
pub(super) const LIST: usize = 28;
/// Text: the way from an element of that list to the event.
pub(super) const MEMBER: usize = 29;
/// Text: the name of the row that is read where headers of this one are absent.
pub(super) const OTHERWISE: usize = 30;
/// Where in the row the paths, the names of the headers and the texts begin.
pub(super) const PATHS_AT: usize = 31;
/// See [`PATHS_AT`].
pub(super) const SLOTS_AT: usize = 32;
/// See [`PATHS_AT`].
pub(super) const TEXTS_AT: usize = 33;
/// Where the parts begin.
pub(super) const PARTS_AT: usize = 34;

/// Bytes of a part.
pub(super) const PART_BYTES: usize = 3;

/// Paths of the event come first: three for the id, two for the type, one for the time.
pub(super) const EVENT_PATHS: usize = 6;
/// The first path to the type.
pub(super) const KIND_PATH: usize = 3;
/// The path to the time.
pub(super) const MOMENT_PATH: usize = 5;
/// The path to the signature in the body. Those of the content come after it.
pub(super) const PLACE_PATH: usize = 6;
/// Most paths of a row.
pub(super) const PATHS_MAX: usize = 16;

/// Seconds of one unit of [`TOLERANCE`].
pub(super) const TOLERANCE_UNIT_SECONDS: u64 = 5;

/// Where the signature stands.
pub(super) mod place {
    pub(in super::super) const HEADERS: u8 = 0;
    pub(in super::super) const FORM_FIELD: u8 = 1;
    pub(in super::super) const FIELD: u8 = 2;
}

/// See `Grammar`.
pub(super) mod grammar {
    pub(in super::super) const PLAIN: u8 = 0;
    pub(in super::super) const PREFIXED: u8 = 1;
    pub(in super::super) const MAYBE_PREFIXED: u8 = 2;
    /// From here on a value may hold several items.
    pub(in super::super) const TAGGED: u8 = 3;
    pub(in super::super) const POSITIONAL: u8 = 4;
    pub(in super::super) const KEY_IDS: u8 = 5;
    pub(in super::super) const PUBLIC_KEYS: u8 = 6;
    /// Pairs, by what separates them; the last with white space around names and values.
    pub(in super::super) const PAIRS_SEMICOLON: u8 = 7;
    pub(in super::super) const PAIRS_COMMA: u8 = 8;
    pub(in super::super) const PAIRS_SPACED: u8 = 9;
}

/// See `SignatureForm`.
pub(super) mod form {
    pub(in super::super) const TEXT: u8 = 0;
    pub(in super::super) const HEX_LOWER: u8 = 1;
    pub(in super::super) const HEX_ANY_CASE: u8 = 2;
    /// From here on base64 is read.
    pub(in super::super) const BASE64: u8 = 3;
    pub(in super::super) const BASE64_OR_HEX: u8 = 4;
    pub(in super::super) const BASE64_OR_BASE64_OF_HEX: u8 = 5;
}

/// What proves that the secret was known. See `Primitive`.
pub(super) mod proof {
    pub(in super::super) const MAC: u8 = 0;
    pub(in super::super) const DIGEST: u8 = 1;
    pub(in super::super) const TOKEN: u8 = 2;
}

/// See `KeyForm`.
pub(super) mod key {
    pub(in super::super) const TEXT: u8 = 0;
    pub(in super::super) const BASE64: u8 = 1;
    pub(in super::super) const HEX: u8 = 2;
    pub(in super::super) const SHA1: u8 = 3;
}

/// Where the time stands.
pub(super) mod clock {
    pub(in super::super) const NONE: u8 = 0;
    pub(in super::super) const PAIR: u8 = 1;
    pub(in super::super) const HEADER: u8 = 2;
}

/// See `TimeUnit`.
pub(super) mod unit {
    pub(in super::super) const SECONDS: u8 = 0;
    pub(in super::super) const MILLISECONDS: u8 = 1;
    pub(in super::super) const EITHER: u8 = 2;
    pub(in super::super) const RFC3339: u8 = 3;
}

/// See `Window`.
pub(super) mod window {
    pub(in super::super) const PAST_ONLY: u8 = 0;
    pub(in super::super) const BOTH_SIDES: u8 = 1;
    pub(in super::super) const ON_REQUEST: u8 = 2;
}

/// What follows from a row, one bit each.
pub(super) mod flag {
    /// A delivery without a body is refused.
    pub(in super::super) const BODY_REQUIRED: u8 = 1;
    /// Deliveries are verified in steps: see `Scheme::is_stepwise`.
    pub(in super::super) const STEPWISE: u8 = 2;
    /// The URL is part of what is signed.
    pub(in super::super) const SIGNS_URL: u8 = 4;
    /// Every byte of the body is signed.
    pub(in super::super) const SIGNS_BODY: u8 = 8;
    /// Some fields are signed, and nothing else.
    pub(in super::super) const SIGNS_FIELDS: u8 = 16;
    /// The id of an event cannot be changed without breaking the signature.
    pub(in super::super) const SIGNS_ID: u8 = 32;
    /// Something is signed that no other delivery has.
    pub(in super::super) const SIGNS_FRESH: u8 = 64;
    /// The body is a form whose fields are read.
    pub(in super::super) const READS_FORM: u8 = 128;
}

/// See `IdSource`.
pub(super) mod id {
    /// In the body, or nowhere.
    pub(in super::super) const BODY: u8 = 0;
    /// Nowhere, and what is signed does not tell events apart.
    pub(in super::super) const BODY_DIGEST: u8 = 1;
    /// From here on in a header.
    pub(in super::super) const SIGNED_HEADER: u8 = 2;
    /// From here on in one that nobody signs.
    pub(in super::super) const UNSIGNED_HEADER: u8 = 3;
    pub(in super::super) const UNSIGNED_HEADER_OF_KIND: u8 = 4;
}

/// See `Moment`.
pub(super) mod moment {
    pub(in super::super) const NONE: u8 = 0;
    pub(in super::super) const SECONDS: u8 = 1;
    pub(in super::super) const MILLISECONDS: u8 = 2;
    pub(in super::super) const RFC3339: u8 = 3;
}

/// What a part of a message is, and what its operands are. See `Part`.
pub(super) mod part {
    /// Text.
    pub(in super::super) const TEXT: u8 = 0;
    /// Text and text.
    pub(in super::super) const EITHER: u8 = 1;
    /// Slot.
    pub(in super::super) const HEADER: u8 = 2;
    /// Text of the label, and slot.
    pub(in super::super) const HEADER_SEGMENT: u8 = 3;
    /// Text of the label, and text of the parameter.
    pub(in super::super) const QUERY_SEGMENT: u8 = 4;
    pub(in super::super) const TIMESTAMP: u8 = 5;
    pub(in super::super) const URL: u8 = 6;
    pub(in super::super) const BODY: u8 = 7;
    /// Text of the parameter.
    pub(in super::super) const BODY_DIGEST_IN_QUERY: u8 = 8;
    /// Path; the same for the next two.
    pub(in super::super) const FIELD: u8 = 9;
    pub(in super::super) const MAYBE_FIELD: u8 = 10;
    pub(in super::super) const FREE_FIELD: u8 = 11;
    /// Text of the name; the same for the next one.
    pub(in super::super) const FORM_FIELD: u8 = 12;
    pub(in super::super) const FORM_BASE64: u8 = 13;
    /// Text of the name, and text where there is none.
    pub(in super::super) const FORM_FIELD_OR: u8 = 14;
    pub(in super::super) const SORTED_FORM: u8 = 15;
    pub(in super::super) const SECRET: u8 = 16;
    pub(in super::super) const SECRET_REVERSED: u8 = 17;
    pub(in super::super) const ACCESS_KEY: u8 = 18;
}
