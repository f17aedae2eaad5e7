//! Signature Version 4 (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>): the secret key never
//! travels, only a signature that it made.

use zeroize::Zeroizing;

use crate::credential::hex;
use crate::native::crypto::{hmac_sha256, sha256_hex};

/// Where a signature holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// When, as `20150830T123600Z`.
    pub(crate) at: &'a str,
    /// In which region.
    pub(crate) region: &'a str,
    /// For which service.
    pub(crate) service: &'a str,
}

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unsigned<'a> {
    /// The verb.
    pub(crate) method: &'a str,
    /// The path, percent-encoded and normal.
    pub(crate) path: &'a str,
    /// Names and values of the query, percent-encoded.
    pub(crate) query: &'a [(&'a str, &'a str)],
    /// Names in lower case, and values.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub(crate) body: &'a [u8],
}

/// The value of the Authorization header.
pub(crate) fn authorization(key_id: &str, secret: &str, scope: Scope<'_>, unsigned: Unsigned<'_>) -> String {
    let (canonical, names) = canonical(unsigned);
    let day = scope.at.get(..8).unwrap_or(scope.at);
    let place = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let text = format!("AWS4-HMAC-SHA256\n{}\n{place}\n{}", scope.at, sha256_hex(canonical.as_bytes()));
    let first = Zeroizing::new(format!("AWS4{secret}"));
    let mut key = hmac_sha256(first.as_bytes(), day.as_bytes());
    for part in [scope.region, scope.service, "aws4_request"] {
        key = hmac_sha256(&key, part.as_bytes());
    }
    let signature = hex(&hmac_sha256(&key, text.as_bytes()));
    format!("AWS4-HMAC-SHA256 Credential={key_id}/{place}, SignedHeaders={names}, Signature={signature}")
}

/// The request in the one form that both sides hash, and the names of its headers.
fn canonical(unsigned: Unsigned<'_>) -> (Zeroizing<String>, String) {
    let mut query: Vec<String> = unsigned.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    query.sort_unstable();
    let mut headers = unsigned.headers.to_vec();
    headers.sort_unstable();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let mut text = Zeroizing::new(format!("{}\n{}\n{}\n", unsigned.method, unsigned.path, query.join("&")));
    for (name, value) in headers {
        text.push_str(name);
        text.push(':');
        // A session token is among the values.
        text.push_str(&Zeroizing::new(value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")));
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&names);
    text.push('\n');
    text.push_str(&sha256_hex(unsigned.body));
    (text, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of AWS's published vectors (<https://github.com/awslabs/aws-c-auth/tree/main/tests/aws-signing-test-suite/v4>).
    const SECRET: &str = concat!("wJalrXUtnFEMI/K7MDENG", "+bPxRfiCYEXAMPLEKEY");
    const SCOPE: Scope<'static> = Scope { at: "20150830T123600Z", region: "us-east-1", service: "service" };
    const HOST: (&str, &str) = ("host", "example.amazonaws.com");
    const DATE: (&str, &str) = ("x-amz-date", "20150830T123600Z");

    fn signature(method: &str, path: &str, query: &[(&str, &str)], headers: &[(&str, &str)], body: &str) -> String {
        let unsigned = Unsigned { method, path, query, headers, body: body.as_bytes() };
        let value = authorization("AKIDEXAMPLE", SECRET, SCOPE, unsigned);
        value.rsplit('=').next().unwrap_or_default().to_owned()
    }

    #[test]
    fn the_published_vectors_come_out() {
        let plain = [HOST, DATE];
        let known = |signature: String, wanted: &str| assert_eq!(signature, wanted);
        // get-vanilla
        known(
            signature("GET", "/", &[], &plain, ""),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        );
        // post-vanilla
        known(
            signature("POST", "/", &[], &plain, ""),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        );
        // get-vanilla-query-order-key-case
        known(
            signature("GET", "/", &[("Param2", "value2"), ("Param1", "value1")], &plain, ""),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        );
        // get-utf8
        known(
            signature("GET", "/%E1%88%B4", &[], &plain, ""),
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
        );
        // get-header-value-trim
        known(
            signature("GET", "/", &[], &[("my-header2", " \"a   b   c\""), HOST, ("my-header1", " value1"), DATE], ""),
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        );
        // get-header-value-multiline
        known(
            signature("GET", "/", &[], &[HOST, ("my-header1", "value1\n  value2\n     value3"), DATE], ""),
            "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd",
        );
    }

    #[test]
    fn a_body_and_a_session_token_are_signed_as_published() {
        // post-x-www-form-urlencoded
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            HOST,
            ("content-length", "13"),
            ("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"),
            DATE,
        ];
        assert_eq!(
            signature("POST", "/", &[], &headers, "Param1=value1"),
            "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"
        );
        // post-sts-header-before
        let token = concat!(
            "AQoDYX",
            "dzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/",
            "qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0",
            "rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
        );
        assert_eq!(
            signature("POST", "/", &[], &[HOST, DATE, ("x-amz-security-token", token)], ""),
            "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"
        );
    }

    #[test]
    fn the_header_names_the_key_and_what_was_signed() {
        let unsigned = Unsigned { method: "GET", path: "/", query: &[], headers: &[HOST, DATE], body: b"" };
        let value = authorization("AKIDEXAMPLE", SECRET, SCOPE, unsigned);
        let head = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, ";
        assert!(value.starts_with(head) && !value.contains(SECRET));
    }
}
