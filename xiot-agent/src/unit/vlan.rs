//! VLANs: `30`, `100.30` (outer.inner), `100.untagged` (a service tag alone), `untagged`.

use xiot_common::addr::NO_CUSTOMER_TAG;

/// Why a text is no VLAN.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VlanError {
    /// Not one or two numbers.
    #[error(
        "a VLAN is an id from 1 to 4094, two of them `100.30` (outer.inner), `100.untagged` (a service tag alone), or `untagged`"
    )]
    Shape,
    /// A number that no VLAN has.
    #[error("VLAN {0} is out of range: ids go from 1 to 4094")]
    OutOfRange(String),
}

/// Frames without a tag.
pub const UNTAGGED: (u16, u16) = (0, 0);

/// Highest VLAN id; 4095 is reserved (IEEE 802.1Q, table 9-2).
const MAX_ID: u16 = 4094;

/// Reads outer and inner VLAN id; 0 where there is no tag.
pub fn parse(text: &str) -> Result<(u16, u16), VlanError> {
    let text = text.trim();
    if text == "untagged" {
        return Ok(UNTAGGED);
    }
    match text.split_once('.') {
        None => Ok((id(text)?, 0)),
        Some((outer, "untagged")) => Ok((id(outer)?, NO_CUSTOMER_TAG)),
        Some((outer, inner)) => Ok((id(outer)?, id(inner)?)),
    }
}

fn id(text: &str) -> Result<u16, VlanError> {
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_digit()) {
        return Err(VlanError::Shape);
    }
    text.parse()
        .ok()
        .filter(|id| (1..=MAX_ID).contains(id))
        .ok_or_else(|| VlanError::OutOfRange(text.to_owned()))
}

/// Writes VLANs as [`parse`] reads them.
pub fn format((outer, inner): (u16, u16)) -> String {
    match (outer, inner) {
        UNTAGGED => "untagged".to_owned(),
        (outer, 0) => outer.to_string(),
        (outer, NO_CUSTOMER_TAG) => format!("{outer}.untagged"),
        (outer, inner) => format!("{outer}.{inner}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vlans_as_people_write_them() {
        for (text, vlans) in [
            ("30", (30, 0)),
            ("100.30", (100, 30)),
            ("4094", (4094, 0)),
            ("100.untagged", (100, 4095)),
            ("untagged", (0, 0)),
        ] {
            assert_eq!(parse(text), Ok(vlans), "{text}");
            assert_eq!(format(vlans), text);
        }
    }

    #[test]
    fn what_is_no_vlan_says_why() {
        for (text, error) in [
            ("0", VlanError::OutOfRange("0".into())),
            ("4095", VlanError::OutOfRange("4095".into())),
            ("30.4096", VlanError::OutOfRange("4096".into())),
            ("", VlanError::Shape),
            ("30.", VlanError::Shape),
            ("untagged.30", VlanError::Shape),
            ("untagged.untagged", VlanError::Shape),
            ("30.4095", VlanError::OutOfRange("4095".into())),
            ("1.2.3", VlanError::Shape),
            ("ward", VlanError::Shape),
            ("0x1e", VlanError::Shape),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }
}
