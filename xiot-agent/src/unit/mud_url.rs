//! MUD URLs (RFC 8520): where a maker says what its device does. `https` alone, and what stands between the slashes is the maker.

/// Why a text is no MUD URL.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MudUrlError {
    /// Another scheme.
    #[error("a MUD URL begins with `https://` (RFC 8520)")]
    Scheme,
    /// No host.
    #[error("a MUD URL names a host: `https://vendor.example.com/pump`")]
    Host,
    /// Spaces, or what is not ASCII.
    #[error("a URL has no spaces and nothing but ASCII")]
    Characters,
    /// Too long.
    #[error("at most {MAX_BYTES} bytes")]
    Long,
}

/// Longest URL or URI that is taken.
const MAX_BYTES: usize = 1024;

/// Whether a text is a URI, of any scheme: a class of services (RFC 8520, 4.6) is one.
pub fn is_uri(text: &str) -> bool {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_graphic())
        && text.len() <= MAX_BYTES
}

/// The host of a MUD URL in lower case, without user and port: its maker, by RFC 8520, 4.1.
pub fn authority(url: &str) -> Result<String, MudUrlError> {
    if !url.chars().all(|c| c.is_ascii_graphic()) {
        return Err(MudUrlError::Characters);
    }
    if url.len() > MAX_BYTES {
        return Err(MudUrlError::Long);
    }
    let rest = url
        .split_at_checked(8)
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("https://"))
        .map(|(_, rest)| rest)
        .ok_or(MudUrlError::Scheme)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.split_once(']') {
        Some((address, _port)) => format!("{address}]"),
        None => host.split(':').next().unwrap_or_default().to_owned(),
    };
    if host.is_empty() || host == "]" {
        return Err(MudUrlError::Host);
    }
    Ok(host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_the_maker() {
        for (url, host) in [
            ("https://vendor.example.com/pump", "vendor.example.com"),
            ("HTTPS://Vendor.Example.com:8443", "vendor.example.com"),
            ("https://user@vendor.example.com?x", "vendor.example.com"),
            ("https://[fd00::1]:443/x", "[fd00::1]"),
        ] {
            assert_eq!(authority(url).as_deref(), Ok(host));
        }
    }

    #[test]
    fn what_is_no_mud_url_says_why() {
        for (url, error) in [
            ("http://vendor.example.com/pump", MudUrlError::Scheme),
            ("vendor.example.com", MudUrlError::Scheme),
            ("", MudUrlError::Scheme),
            ("https://", MudUrlError::Host),
            ("https:///pump", MudUrlError::Host),
            ("https://:443/", MudUrlError::Host),
            ("https://a b/", MudUrlError::Characters),
            ("https://ä.example/", MudUrlError::Characters),
        ] {
            assert_eq!(authority(url), Err(error), "{url}");
        }
        let long = format!("https://vendor.example.com/{}", "x".repeat(MAX_BYTES));
        assert_eq!(authority(&long), Err(MudUrlError::Long));
        assert!(is_uri("urn:ietf:params:mud:dns") && is_uri("http://vendor.example.com/"));
        for text in ["", "fleet", ":fleet", "urn:a b", "urn:a\n", "1:x", &long] {
            assert!(!is_uri(text), "{text}");
        }
    }
}
