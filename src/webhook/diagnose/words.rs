//! Every sentence of a diagnosis stands here once: what happened, and what to do about it.
//!
//! Codes are stable and never reused. `{name}` is filled from the facts beside it, which never come from a secret, and
//! from a delivery only as far as they are names of headers, lengths and times.

use super::{Confidence, Diagnosis};
use crate::advice::{Detail, Report, Said};
use crate::prelude::*;

/// A cause in words.
#[derive(Debug)]
pub(super) struct Words {
    code: &'static str,
    sentence: &'static str,
    fix: &'static str,
}

impl Words {
    /// The signature holds once the cause is undone, or the delivery shows it.
    pub(super) fn proven(&self, facts: &[(&'static str, &str)]) -> Diagnosis {
        self.told(Confidence::Proven, facts)
    }

    /// What is left when nothing else was found.
    pub(super) fn likely(&self, facts: &[(&'static str, &str)]) -> Diagnosis {
        self.told(Confidence::Likely, facts)
    }

    fn told(&self, confidence: Confidence, facts: &[(&'static str, &str)]) -> Diagnosis {
        let filled = |text| {
            let facts =
                facts.iter().fold(Report::new(self.code), |report, (name, value)| report.fact(name, value));
            facts.say_with(text, ASIDES).said().message
        };
        let details: Vec<Detail> = facts.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let (sentence, fix) = (filled(self.sentence), filled(self.fix));
        Diagnosis { code: self.code, confidence, sentence, fix, details }
    }
}

/// What stands in sentences of many causes.
const ASIDES: &[(&str, &str)] = &[("express", "express.raw({ type: \"*/*\" })")];

const RAW_BODY: &str = "give this route the body as bytes before any parser runs, for example with {express}, await request.arrayBuffer() or Fastify's rawBody, and parse after verifying";

pub(super) const RESERIALISED: Words = Words {
    code: "body_reserialised",
    sentence: "the body was parsed and written again before it was verified: the signature holds for {original}",
    fix: RAW_BODY,
};

pub(super) const NUMBERS_REWRITTEN: Words = Words {
    code: "body_reserialised",
    sentence: "the body was parsed and written again before it was verified, and its numbers changed on the way: the \
               signature holds for {original}",
    fix: RAW_BODY,
};

pub(super) const CONTENT_DIFFERS: Words = Words {
    code: "body_reserialised",
    sentence: "the delivery names the digest of its body, and the body has another one: it was parsed and written again, or \
               changed on the way",
    fix: RAW_BODY,
};

pub(super) const LENGTH_DIFFERS: Words = Words {
    code: "body_reserialised",
    sentence: "the request announced {announced} bytes and the body has {found}: it was written again after it was \
               received",
    fix: RAW_BODY,
};

pub(super) const STRINGIFIED: Words = Words {
    code: "body_reserialised",
    sentence: "the body is the text [object Object]: a parsed object was made a string",
    fix: RAW_BODY,
};

pub(super) const WRAPPED: Words = Words {
    code: "body_wrapped",
    sentence: "the signature holds for {original}",
    fix: "hand over the inner body as bytes instead of what wraps it",
};

pub(super) const WHITE_SPACE: Words = Words {
    code: "body_whitespace",
    sentence: "the signature holds {original}: white space was changed after the body was signed",
    fix: "hand over the bytes as received: files, shells (curl --data-binary keeps them, --data does not), templates \
          and logs add or drop line ends",
};

pub(super) const CHARSET: Words = Words {
    code: "body_charset",
    sentence: "the signature holds {original}: the body was decoded as text in a character set it is not in",
    fix: "read the body as bytes and never as text, so that no character set is guessed",
};

pub(super) const CHARSET_LOST: Words = Words {
    code: "body_charset",
    sentence: "the body holds replacement characters (U+FFFD): bytes were decoded as text in a character set they are \
               not in, and are lost",
    fix: "read the body as bytes and never as text, so that no character set is guessed",
};

pub(super) const NOT_DECODED: Words = Words {
    code: "body_not_decoded",
    sentence: "the body is still base64: the signature holds for the decoded bytes",
    fix: "decode it when the platform says so: on AWS Lambda Buffer.from(event.body, event.isBase64Encoded ? \
          \"base64\" : \"utf8\")",
};

pub(super) const COMPRESSED: Words = Words {
    code: "body_compressed",
    sentence: "the body is still compressed (it begins as {format} does)",
    fix: "decompress it before verifying, or let the framework do so: the signature covers what was compressed",
};

pub(super) const EMPTY: Words = Words {
    code: "body_empty",
    sentence: "the body is empty: a body parser or an earlier handler has read the request already",
    fix: "verify before anything reads the request, or keep its bytes: a stream can be read once only",
};

pub(super) const EMPTY_OF: Words = Words {
    code: "body_empty",
    sentence: "the body is empty, but the request announced {announced} bytes: a body parser or an earlier handler has \
               read it already",
    fix: "verify before anything reads the request, or keep its bytes: a stream can be read once only",
};

pub(super) const TRUNCATED: Words = Words {
    code: "body_truncated",
    sentence: "the request announced {announced} bytes and only {found} are here: the body was cut, or read too early",
    fix: "wait for the end of the request and raise the body limit of the server, the proxy and the framework",
};

pub(super) const CUT: Words = Words {
    code: "body_truncated",
    sentence: "the body begins as JSON and ends in the middle of it, after {found} bytes: it was cut, or read too early",
    fix: "wait for the end of the request and raise the body limit of the server, the proxy and the framework",
};

pub(super) const EXTENDED: Words = Words {
    code: "body_extended",
    sentence: "the signature holds for the first {announced} bytes, which is what the request announced: the rest was \
               added after it was received",
    fix: "hand over the bytes as received",
};

pub(super) const FORM: Words = Words {
    code: "body_reserialised",
    sentence: "the form was parsed and encoded again before it was verified: the signature holds for {original}",
    fix: "keep the bytes of the form before a parser runs, for example with {express}, and parse \
          after verifying",
};

pub(super) const SECRET_MANGLED: Words = Words {
    code: "bad_secret",
    sentence: "the secret at `secrets[{index}]` is not written as it was issued: the signature holds {original}",
    fix: "copy the secret again, alone and whole, and look at how it comes into the environment (quotes, line ends, \
          NAME= in front)",
};

pub(super) const SECRET_LIST: Words = Words {
    code: "bad_secret",
    sentence: "the text at `secrets[{index}]` holds several secrets: the signature holds under number {number} of them",
    fix: "split the text and give each secret as an element of its own",
};

pub(super) const SECRET_DECODING: Words = Words {
    code: "wrong_key_decoding",
    sentence: "the signature holds when the key is {decoding}, which is not how {scheme} reads `secrets[{index}]`",
    fix: "give the secret in the form {provider} shows it, without decoding or encoding it, and check that the scheme \
          is that of the sender",
};

pub(super) const SECRET_KIND: Words = Words {
    code: "wrong_secret_kind",
    sentence: "the secret at `secrets[{index}]` looks like {kind}, which signs no webhooks",
    fix: "use {instead}",
};

pub(super) const SECRET_WRONG: Words = Words {
    code: "wrong_secret",
    sentence: "the signature was not made with {secrets}, and no known change of the body explains it: another \
               secret made it, or the content was changed",
    fix: "compare with the signing secret {provider} shows for exactly this endpoint: every endpoint, every mode (test, \
          live) and every tool that forwards events has its own, and a rotation replaces it; if it is that one, the \
          content was changed after it was signed: refuse the delivery, or look for what edits bodies on its way here",
};

pub(super) const SECRET_MODE: Words = Words {
    code: "wrong_secret",
    sentence: "the signature was not made with {secrets}, and no known change of the body explains it: another \
               secret made it, or the content was changed; the body says that it is from {mode}",
    fix: "use the signing secret of the {mode} endpoint: {provider} has another one for each mode; if it is that one, \
          the content was changed after it was signed: refuse the delivery, or look for what edits bodies on its way here",
};

pub(super) const SECRET_STRIPE: Words = Words {
    code: "wrong_secret",
    sentence: "the signature was not made with {secrets}, and no known change of the body explains it: another \
               secret made it, or the content was changed; the body says that it is from {mode}",
    fix: "use the signing secret of the {mode} endpoint; events forwarded by `stripe listen` are signed with the secret \
          it prints, those of the dashboard with that of the endpoint, and nobody can tell the two by their shape; if it is that one, the \
          content was changed after it was signed: refuse the delivery, or look for what edits bodies on its way here",
};

pub(super) const TOKEN_WRONG: Words = Words {
    code: "wrong_secret",
    sentence: "the request holds another token than {secrets}",
    fix: "compare with the token {provider} shows for exactly this endpoint and mode (test, live)",
};

pub(super) const KEY_WRONG: Words = Words {
    code: "wrong_key",
    sentence: "the signature does not hold under the public key that was given, and no known change of the body explains \
               it: another key made it, or the content was changed",
    fix: "get the key, certificate or webhook id again that {provider} shows for exactly this endpoint and mode (test, \
          live): keys are changed, and a delivery often names the one that signed it",
};

pub(super) const OTHER_SCHEME: Words = Words {
    code: "wrong_scheme",
    sentence: "the delivery is genuine as {found}, not as {scheme}",
    fix: "create the verifier with scheme: \"{found}\"",
};

pub(super) const OTHER_PROVIDER: Words = Words {
    code: "other_provider",
    sentence: "the request has the header `{header}` of {found} and not the header `{missing}` of {provider}",
    fix: "give each provider a route of its own, or create the verifier with scheme: \"{scheme}\"",
};

pub(super) const HEADER_RENAMED: Words = Words {
    code: "header_renamed",
    sentence: "the signature holds with the header `{found}` read as `{header}`: something renames headers",
    fix: "hand over the headers under the names they arrived with; servers with CGI names have HTTP_ in front and `_` \
          for `-`",
};

pub(super) const HEADER_REWRITTEN: Words = Words {
    code: "malformed_header",
    sentence: "the signature holds once {original} in the header `{header}`: something rewrites header values",
    fix: "hand over header values exactly as they arrived",
};

pub(super) const HEADERS_NONE: Words = Words {
    code: "missing_header",
    sentence: "the delivery has no headers at all, so also no `{header}`",
    fix: "pass the headers of the request: req.headers, request.headers, or event.headers on AWS Lambda",
};

pub(super) const HEADER_PROXIED: Words = Words {
    code: "missing_header",
    sentence: "the header `{header}` is missing and the request came through a proxy (`{proxy}` is there)",
    fix: "let the proxy, gateway or mapping template pass `{header}` on; if the provider did not send it, the request \
          is not from there",
};

pub(super) const HEADER_MISSING: Words = Words {
    code: "missing_header",
    sentence: "the header `{header}` is missing",
    fix: "if {provider} sent the request, something drops the header on the way (a proxy, a mapping template, an \
          allow-list); else refuse it",
};

pub(super) const UNSIGNED: Words = Words {
    code: "unsigned",
    sentence: "this is {what}, which is not signed: nothing in it can be trusted",
    fix: "{instead}",
};

pub(super) const URL_VARIANT: Words = Words {
    code: "url_mismatch",
    sentence: "the signature holds for the URL {change}",
    fix: "set `url` to the address exactly as it is registered with {provider}; behind a proxy the request does not \
          know it",
};

pub(super) const URL_MISSING: Words = Words {
    code: "missing_url",
    sentence: "{provider} signs the URL it was told to call, and none was given",
    fix: "set `url` to the address exactly as it is registered with {provider}",
};

pub(super) const TOO_OLD: Words = Words {
    code: "timestamp_too_old",
    sentence: "the signature holds, but the delivery was signed {skew} s before the time of this host; {tolerance} s \
               are accepted",
    fix: "compare the clock of this host with UTC; if it is right, the delivery waited (a queue, a cold start, a replay \
          from a file): verify when it arrives, or set toleranceSeconds",
};

pub(super) const TOO_NEW: Words = Words {
    code: "timestamp_in_future",
    sentence: "the signature holds, but the delivery was signed {skew} s after the time of this host; {tolerance} s are \
               accepted",
    fix: "set the clock of this host: it is behind by about {skew} s",
};

pub(super) const TIME_ZONE: Words = Words {
    code: "clock_time_zone",
    sentence: "the signature holds, but the time of this host differs from that of the signature by {hours} h almost \
               exactly ({skew} s): a local time was taken for UTC",
    fix: "pass milliseconds since 1970 in UTC, such as Date.now(), and set the clock of the host to UTC",
};

pub(super) const TIME_ZONE_OR_LATE: Words = Words {
    code: "clock_time_zone",
    sentence: "the signature holds, but the delivery was signed {hours} h almost exactly ({skew} s) before the time of this \
               host: it came late (an hourly retry, a replay), or a local time was taken for UTC",
    fix: "compare the clock of this host with UTC; if it is right, the delivery waited: verify when it arrives, or set \
          toleranceSeconds; if it is not, pass milliseconds since 1970 in UTC, such as Date.now()",
};

pub(super) const TIME_UNIT: Words = Words {
    code: "timestamp_unit",
    sentence: "the signature holds and its time is right when `now` is taken as {unit}",
    fix: "pass `now` in milliseconds, such as Date.now()",
};

/// A refusal that says itself what is wrong, and what there is to do about it.
pub(super) fn refused(refusal: Report, fix: &str, confidence: Confidence) -> Diagnosis {
    let Said { code, message: sentence, details, .. } = refusal.said();
    Diagnosis { code, confidence, sentence, fix: fix.to_owned(), details }
}
