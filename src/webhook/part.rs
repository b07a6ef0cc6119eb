//! What is signed, piece by piece, as data.

use super::Path;
use crate::prelude::*;

/// A part of what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// This text.
    Text(&'static str),
    /// The first text; in the second of two messages, the second.
    Either(&'static str, &'static str),
    /// The value of a header, in lower case. It must not contain the text that follows it.
    Header(&'static str),
    /// The text, the value of a header without white space around it, and `;`: nothing at all when that is empty.
    HeaderSegment(&'static str, &'static str),
    /// The text, a parameter of the query of the URL without white space around it, and `;`: nothing at all when that is
    /// empty. In the second of two messages it is in lower case.
    QuerySegment(&'static str, &'static str),
    /// The timestamp, exactly as received.
    Timestamp,
    /// The URL the provider was told to call. Where there are several messages, in the spellings it may have been
    /// signed in.
    Url,
    /// The body, exactly as received.
    Body,
    /// Nothing, but a parameter of the query must be the SHA-256 of the body: the URL then binds the body.
    BodyDigestInQuery(&'static str),
    /// The text of a string, number or boolean in the JSON body; it must not contain the text before or after it.
    Field(Path),
    /// As [`Part::Field`], but empty when it is absent or null.
    MaybeField(Path),
    /// As [`Part::MaybeField`], but may contain what stands beside it. At most one part of a message may.
    FreeField(Path),
    /// The value of a field of the form in the body.
    FormField(&'static str),
    /// As [`Part::FormField`], which must be of the characters of base64 and line feeds, with a capital letter among them.
    FormBase64(&'static str),
    /// As [`Part::FormField`], or the text after it when the field is absent or empty.
    FormFieldOr(&'static str, &'static str),
    /// All fields of the form in the body: sorted by name, each name followed by its value. Repeated values count
    /// once, in the order of their text.
    SortedForm,
    /// The text of the secret.
    Secret,
    /// The text of the secret, from its end to its beginning.
    SecretReversed,
    /// The access key given beside the secret.
    AccessKey,
    /// The CRC-32 of the body as decimal digits.
    #[cfg(feature = "webhooks-full")]
    BodyCrc32,
    /// The lower-case hexadecimal SHA-256 of the JSON body, written anew without white space.
    #[cfg(feature = "webhooks-full")]
    CompactBodyDigest,
    /// The path of the URL the provider was told to call.
    #[cfg(feature = "webhooks-full")]
    UrlPath,
    /// Nothing, but a header, if it is there, must have this value.
    #[cfg(feature = "webhooks-full")]
    HeaderIs(&'static str, &'static str),
    /// Nothing, but a header must be the address of a certificate at the provider's own host.
    #[cfg(feature = "webhooks-full")]
    CertificateUrl(&'static str),
}

impl Part {
    /// The header it reads, in lower case.
    pub(super) const fn header(self) -> Option<&'static str> {
        match self {
            Self::Header(name) | Self::HeaderSegment(_, name) => Some(name),
            #[cfg(feature = "webhooks-full")]
            Self::HeaderIs(name, _) | Self::CertificateUrl(name) => Some(name),
            _ => None,
        }
    }

    /// Whether it reads the URL.
    pub(super) const fn reads_url(self) -> bool {
        match self {
            Self::Url | Self::QuerySegment(..) | Self::BodyDigestInQuery(_) => true,
            #[cfg(feature = "webhooks-full")]
            Self::UrlPath => true,
            _ => false,
        }
    }

    /// Whether it looks into the body.
    pub(super) const fn reads_body(self) -> bool {
        match self {
            Self::BodyDigestInQuery(_) => true,
            #[cfg(feature = "webhooks-full")]
            Self::BodyCrc32 => true,
            _ => self.reads_json() || self.reads_form(),
        }
    }

    /// Whether it reads the body as JSON.
    pub(super) const fn reads_json(self) -> bool {
        match self {
            Self::Field(_) | Self::MaybeField(_) | Self::FreeField(_) => true,
            #[cfg(feature = "webhooks-full")]
            Self::CompactBodyDigest => true,
            _ => false,
        }
    }

    /// Whether it reads the body as a form.
    pub(super) const fn reads_form(self) -> bool {
        matches!(self, Self::FormField(_) | Self::FormBase64(_) | Self::FormFieldOr(..) | Self::SortedForm)
    }

    /// Whether no body but this one makes the same message; for JSON, no document but this one.
    pub(super) const fn binds_body(self) -> bool {
        match self {
            Self::Body | Self::BodyDigestInQuery(_) => true,
            #[cfg(feature = "webhooks-full")]
            Self::CompactBodyDigest => true,
            _ => false,
        }
    }

    /// For people: `{timestamp}`.
    pub(super) fn describe(self, text: &mut String) {
        let path = |text: &mut String, path: Path| {
            for name in path {
                text.extend([".", name]);
            }
        };
        match self {
            Self::Text(literal) | Self::Either(literal, _) => text.push_str(literal),
            Self::Header(name) => text.extend(["{", name, "}"]),
            Self::HeaderSegment(label, name) => text.extend([label, "{", name, "};"]),
            Self::QuerySegment(label, name) => text.extend([label, "{query ", name, "};"]),
            Self::Timestamp => text.push_str("{timestamp}"),
            Self::Url => text.push_str("{url}"),
            Self::Body => text.push_str("{body}"),
            Self::BodyDigestInQuery(_) => {}
            Self::Field(names) | Self::MaybeField(names) | Self::FreeField(names) => {
                text.push_str("{body");
                path(text, names);
                text.push('}');
            }
            Self::FormField(name) | Self::FormBase64(name) | Self::FormFieldOr(name, _) => {
                text.extend(["{form ", name, "}"])
            }
            Self::SortedForm => text.push_str("{sorted form}"),
            Self::Secret => text.push_str("{secret}"),
            Self::SecretReversed => text.push_str("{reversed secret}"),
            Self::AccessKey => text.push_str("{access key}"),
            #[cfg(feature = "webhooks-full")]
            Self::BodyCrc32 => text.push_str("{crc32 of body}"),
            #[cfg(feature = "webhooks-full")]
            Self::CompactBodyDigest => text.push_str("{sha256 of compact body}"),
            #[cfg(feature = "webhooks-full")]
            Self::UrlPath => text.push_str("{path}"),
            #[cfg(feature = "webhooks-full")]
            Self::HeaderIs(..) | Self::CertificateUrl(_) => {}
        }
    }
}
