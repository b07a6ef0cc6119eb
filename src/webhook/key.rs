//! From the text a dashboard shows to the bytes a MAC takes.

use super::{Error, KeyForm, Scheme};
use crate::crypto::{HexCase, MacKey, Secret, decode_base64, decode_hex};

/// The key of the secret at `index` of a list.
///
/// White space around a secret comes from copying and is taken away: no provider issues a secret that has any.
pub(super) fn key(scheme: &Scheme, index: usize, text: &str) -> Result<MacKey, Error> {
    let text = text.trim_ascii();
    let malformed = |reason| Error::SecretMalformed { index, reason };
    let bytes = match scheme.key {
        KeyForm::Text => text.as_bytes().to_vec(),
        KeyForm::Base64(prefixes) => {
            let bare = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
            decode_base64(bare).map_err(malformed)?
        }
        KeyForm::Hex => decode_hex(text, HexCase::Any).map_err(malformed)?,
    };
    let secret = Secret::new(bytes);
    if secret.is_empty() {
        return Err(Error::SecretEmpty { index });
    }
    Ok(MacKey::new(scheme.algorithm, &secret))
}
