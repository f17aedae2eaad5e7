//! Tokens that end in the CRC-32 of what stands before it.
//!
//! One table entry a provider: which part is covered and how the 32 bits are spelled. The checksum is
//! an integrity check of the format, not a signature: anyone can compute it.

use super::check::{Check, Checked, Holds};
use super::codec::{self, BASE62, BASE62_LOWER_FIRST};

/// Which bytes of the token the checksum covers.
enum Cover {
    /// Everything before the checksum, the prefix and the glue too.
    All,
    /// Everything before the glue.
    Head,
    /// What stands between the prefix and the glue.
    Body,
    /// What stands after the last underscore of the head.
    AfterUnderscore,
}

/// How the 32 bits are spelled.
enum Spelling {
    /// A number in six digits of this alphabet.
    Six(&'static [u8]),
    /// Hexadecimal, lower case.
    Hex,
    /// Hexadecimal, upper case.
    HexUpper,
    /// Hexadecimal of the bytes in little-endian order.
    HexLittle,
    /// Base64 of the bytes in little-endian order, no padding.
    Base64Little,
}

/// The layout of a family of tokens: prefix, body, glue, checksum.
struct Layout {
    prefixes: &'static [&'static str],
    /// Whole lengths the family has; none if it varies.
    lengths: &'static [usize],
    /// Least length of the body if it varies.
    least: usize,
    glue: &'static str,
    cover: Cover,
    spelling: Spelling,
    /// The answer for another length: some families had tokens without a checksum.
    otherwise: Holds,
}

impl Spelling {
    /// The checksum as text.
    fn write(&self, crc: u32) -> Vec<u8> {
        match self {
            Self::Six(alphabet) => codec::digits(crc.into(), 6, alphabet),
            Self::Hex => codec::digits(crc.into(), 8, codec::HEX),
            Self::HexUpper => codec::digits(crc.into(), 8, codec::HEX_UPPER),
            Self::HexLittle => codec::digits(crc.swap_bytes().into(), 8, codec::HEX),
            Self::Base64Little => codec::base64_encode_bare(&crc.to_le_bytes()).into_bytes(),
        }
    }

    /// Characters of the checksum.
    const fn width(&self) -> usize {
        match self {
            Self::Six(_) | Self::Base64Little => 6,
            Self::Hex | Self::HexUpper | Self::HexLittle => 8,
        }
    }

    /// Whether `text` says `crc`. The case of hexadecimal is not part of the fact.
    fn says(&self, text: &[u8], crc: u32) -> bool {
        match self {
            Self::Six(_) | Self::Base64Little => text == self.write(crc),
            Self::Hex | Self::HexUpper | Self::HexLittle => text.eq_ignore_ascii_case(&self.write(crc)),
        }
    }
}

impl Layout {
    /// The checksum of a token whose part before the glue is `head`.
    fn crc(&self, head: &[u8]) -> Option<u32> {
        let prefix = self.prefixes.iter().find(|p| head.starts_with(p.as_bytes()))?;
        Some(match self.cover {
            Cover::All => codec::crc32(&[head, self.glue.as_bytes()].concat()),
            Cover::Head => codec::crc32(head),
            Cover::Body => codec::crc32(head.get(prefix.len()..)?),
            Cover::AfterUnderscore => codec::crc32(head.rsplit(|c| *c == b'_').next()?),
        })
    }

    /// Whether the checksum of `token` holds; `None` if it is too short for one.
    fn holds(&self, token: &[u8]) -> Option<bool> {
        let (rest, text) = token.split_at_checked(token.len().checked_sub(self.spelling.width())?)?;
        let head = rest.strip_suffix(self.glue.as_bytes())?;
        Some(head.len() >= self.least && self.spelling.says(text, self.crc(head)?))
    }

    /// The check.
    fn run(&self, token: &[u8]) -> Checked {
        if self.lengths.is_empty() || self.lengths.contains(&token.len()) {
            Checked::when(self.holds(token).unwrap_or(false))
        } else {
            Checked::of(self.otherwise)
        }
    }

    /// Appends the checksum, after the glue if that is not there yet; leaves alone what does not start as it should.
    fn seal(&self, token: &mut Vec<u8>) {
        let head = token.strip_suffix(self.glue.as_bytes()).unwrap_or(token);
        let Some(crc) = self.crc(head) else { return };
        token.truncate(head.len());
        token.extend_from_slice(self.glue.as_bytes());
        token.extend(self.spelling.write(crc));
    }
}

/// What most families have: no glue, the body covered, six digits of base62.
const BASE: Layout = Layout {
    prefixes: &[],
    lengths: &[],
    least: 16,
    glue: "",
    cover: Cover::Body,
    spelling: Spelling::Six(BASE62),
    otherwise: Holds::No,
};

/// The format of GitHub's tokens and how the checksum is made:
/// <https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/>.
///
/// The alphabet and that the prefix is left out are not in the article; both follow from a published,
/// revoked token (see the test). `ghs_` tokens that carry a JWT and lengths GitHub does not document have no
/// checksum we know.
const GITHUB: Layout = Layout {
    prefixes: &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
    lengths: &[40, 80],
    otherwise: Holds::Unknown,
    ..BASE
};

/// npm's tokens are made like GitHub's:
/// <https://github.blog/security/announcing-npms-new-access-token-format/>.
const NPM: Layout = Layout { prefixes: &["npm_"], lengths: &[40], otherwise: Holds::Unknown, ..BASE };

/// Vercel's tokens, 50 characters of body. The checksum is derived from samples; Vercel documents only
/// the prefixes: <https://vercel.com/changelog/new-token-formats-and-secret-scanning>.
const VERCEL: Layout = Layout { prefixes: &["vcp_", "vci_", "vca_", "vcr_", "vck_"], lengths: &[60], ..BASE };

/// Apify's API tokens. The checksum is derived from two samples, unconfirmed: Apify documents only how to
/// get a token (<https://docs.apify.com/platform/integrations/api>).
const APIFY: Layout = Layout {
    prefixes: &["apify_api_"],
    lengths: &[46],
    cover: Cover::All,
    spelling: Spelling::Six(BASE62_LOWER_FIRST),
    ..BASE
};

/// Weights & Biases keys of version 1. The checksum is derived from two samples, unconfirmed
/// (<https://docs.wandb.ai/support/find_api_key/>).
const WANDB: Layout = Layout { prefixes: &["wandb_v1_"], lengths: &[86], cover: Cover::All, ..BASE };

/// Deno Deploy tokens. The checksum is derived from one sample, unconfirmed
/// (<https://docs.deno.com/deploy/classic/deployctl/>).
const DENO: Layout = Layout { prefixes: &["ddp_", "ddw_"], lengths: &[40], cover: Cover::All, ..BASE };

/// `SaladCloud` API keys. The checksum is derived from five samples, unconfirmed
/// (<https://docs.salad.com/reference/api-usage>).
const SALAD: Layout = Layout {
    prefixes: &["salad_cloud_user_", "salad_cloud_org_", "salad_cloud_"],
    cover: Cover::AfterUnderscore,
    least: 13 + 32,
    ..BASE
};

/// Canva client secrets. The checksum is derived from one sample, unconfirmed
/// (<https://www.canva.dev/docs/connect/authentication/>).
const CANVA: Layout =
    Layout { prefixes: &["cnvca"], lengths: &[56], cover: Cover::All, spelling: Spelling::Hex, ..BASE };

/// Zuplo API keys: <https://zuplo.com/docs/articles/api-key-leak-detection> tells of the checksum, that it is
/// the CRC-32 of the 32 characters is derived from samples.
const ZUPLO: Layout = Layout { prefixes: &["zpka_"], lengths: &[46], glue: "_", spelling: Spelling::Hex, ..BASE };

/// Cloudflare's prefixed credentials: 40 characters and a checksum
/// (<https://developers.cloudflare.com/fundamentals/api/get-started/token-formats/>). That it is the CRC-32 of
/// the 40 characters is derived from samples.
const CLOUDFLARE: Layout =
    Layout { prefixes: &["cfut_", "cfat_", "cfk_"], lengths: &[52, 53], spelling: Spelling::Hex, ..BASE };

/// Grafana's service account tokens, as Grafana itself makes them:
/// <https://github.com/grafana/grafana/blob/main/pkg/components/satokengen/tokengen.go>.
const GRAFANA: Layout = Layout {
    prefixes: &["glsa_"],
    lengths: &[46],
    glue: "_",
    cover: Cover::Head,
    spelling: Spelling::HexLittle,
    ..BASE
};

/// Confluent Cloud API secrets since July 2025: 64 characters that start with `cflt`
/// (<https://docs.confluent.io/cloud/current/access-management/authenticate/api-keys/index.html>).
/// The checksum is derived from samples.
const CONFLUENT: Layout = Layout { prefixes: &["cflt"], lengths: &[64], spelling: Spelling::Base64Little, ..BASE };

/// Atlassian API tokens (`ATATT`), admin keys and Bitbucket access tokens (`ATCTT`)
/// (<https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/>).
/// The checksum is derived from samples.
const ATLASSIAN: Layout = Layout {
    prefixes: &["ATATT3", "ATCTT3"],
    least: 64,
    glue: "=",
    cover: Cover::All,
    spelling: Spelling::HexUpper,
    ..BASE
};

/// Bitbucket app passwords (<https://support.atlassian.com/bitbucket-cloud/docs/app-passwords/>).
/// The checksum is derived from samples.
const BITBUCKET: Layout =
    Layout { prefixes: &["ATBB"], lengths: &[36], cover: Cover::All, spelling: Spelling::HexUpper, ..BASE };

/// Defines the check of a layout.
macro_rules! crc_check {
    ($id:ident, $layout:ident, $name:literal, $about:literal, $source:literal) => {
        /// See the layout of the same family.
        pub(super) const $id: Check = Check::checksum($name, 32, |token| $layout.run(token))
            .about($about, $source)
            .sealed(|token| $layout.seal(token));
    };
}

crc_check!(
    GITHUB_CRC32,
    GITHUB,
    "github-crc32",
    "last 6 characters are the CRC-32 of the body in base62",
    "https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/"
);
crc_check!(
    NPM_CRC32,
    NPM,
    "npm-crc32",
    "last 6 characters are the CRC-32 of the body in base62",
    "https://github.blog/security/announcing-npms-new-access-token-format/"
);
crc_check!(
    VERCEL_CRC32,
    VERCEL,
    "vercel-crc32",
    "last 6 characters are the CRC-32 of the body in base62 (from samples)",
    "https://vercel.com/changelog/new-token-formats-and-secret-scanning"
);
crc_check!(
    APIFY_CRC32,
    APIFY,
    "apify-crc32",
    "last 6 characters are the CRC-32 of all before, base62 lower case first (from samples)",
    "https://docs.apify.com/platform/integrations/api"
);
crc_check!(
    WANDB_CRC32,
    WANDB,
    "wandb-crc32",
    "last 6 characters are the CRC-32 of all before in base62 (from samples)",
    "https://docs.wandb.ai/support/find_api_key/"
);
crc_check!(
    DENO_CRC32,
    DENO,
    "deno-crc32",
    "last 6 characters are the CRC-32 of all before in base62 (from a sample)",
    "https://docs.deno.com/deploy/classic/deployctl/"
);
crc_check!(
    SALAD_CRC32,
    SALAD,
    "saladcloud-crc32",
    "last 6 characters are the CRC-32 of what follows the last underscore, in base62 (from samples)",
    "https://docs.salad.com/reference/api-usage"
);
crc_check!(
    CANVA_CRC32,
    CANVA,
    "canva-crc32",
    "last 8 characters are the CRC-32 of all before in hex (from a sample)",
    "https://www.canva.dev/docs/connect/authentication/"
);
crc_check!(
    ZUPLO_CRC32,
    ZUPLO,
    "zuplo-crc32",
    "last 8 characters are the CRC-32 of the 32 characters of body in hex (from samples)",
    "https://zuplo.com/docs/articles/api-key-leak-detection"
);
crc_check!(
    CLOUDFLARE_CRC32,
    CLOUDFLARE,
    "cloudflare-crc32",
    "last 8 characters are the CRC-32 of the 40 characters of body in hex (from samples)",
    "https://developers.cloudflare.com/fundamentals/api/get-started/token-formats/"
);
crc_check!(
    GRAFANA_CRC32,
    GRAFANA,
    "grafana-crc32",
    "last 8 characters are the little-endian CRC-32 of the 37 before the underscore in hex",
    "https://github.com/grafana/grafana/blob/main/pkg/components/satokengen/tokengen.go"
);
crc_check!(
    CONFLUENT_CRC32,
    CONFLUENT,
    "confluent-crc32",
    "last 6 characters are the little-endian CRC-32 of the 54 characters of body in base64 (from samples)",
    "https://docs.confluent.io/cloud/current/access-management/authenticate/api-keys/index.html"
);
crc_check!(
    ATLASSIAN_CRC32,
    ATLASSIAN,
    "atlassian-crc32",
    "8 characters after the equals sign are the CRC-32 of all before in hex (from samples)",
    "https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/"
);
crc_check!(
    BITBUCKET_CRC32,
    BITBUCKET,
    "bitbucket-crc32",
    "last 8 characters are the CRC-32 of the 28 before in hex (from samples)",
    "https://support.atlassian.com/bitbucket-cloud/docs/app-passwords/"
);

#[cfg(test)]
mod tests {
    use super::super::testing::{URL, assert_detects, assert_length, assert_seals, body, seal};
    use super::*;

    /// A family, its prefix, the length of its body and its alphabet.
    const FAMILIES: &[(Check, &str, usize, &[u8])] = &[
        (GITHUB_CRC32, concat!("gh", "p_"), 30, BASE62),
        (GITHUB_CRC32, concat!("gh", "r_"), 70, BASE62),
        (NPM_CRC32, concat!("np", "m_"), 30, BASE62),
        (VERCEL_CRC32, concat!("vc", "p_"), 50, URL),
        (APIFY_CRC32, concat!("apify_", "api_"), 30, BASE62),
        (WANDB_CRC32, concat!("wandb_", "v1_"), 71, BASE62),
        (DENO_CRC32, concat!("dd", "p_"), 30, BASE62),
        (SALAD_CRC32, concat!("salad_cloud_", "user_"), 43, BASE62),
        (CANVA_CRC32, concat!("cn", "vca"), 43, URL),
        (ZUPLO_CRC32, concat!("zp", "ka_"), 32, codec::BASE36),
        (CLOUDFLARE_CRC32, concat!("cf", "ut_"), 40, BASE62),
        (CLOUDFLARE_CRC32, concat!("cf", "k_"), 40, BASE62),
        (GRAFANA_CRC32, concat!("gl", "sa_"), 32, BASE62),
        (CONFLUENT_CRC32, concat!("cf", "lt"), 54, BASE62),
        (ATLASSIAN_CRC32, concat!("ATATT", "3xFfGF0"), 172, URL),
        (ATLASSIAN_CRC32, concat!("ATCTT", "3xFfGN0"), 172, URL),
        (BITBUCKET_CRC32, concat!("AT", "BB"), 24, BASE62),
    ];

    #[test]
    fn sealed_tokens_hold_and_changed_ones_do_not() {
        for (seed, (check, prefix, count, alphabet)) in FAMILIES.iter().enumerate() {
            let head = body(prefix, *count, alphabet, seed as u64);
            let token = assert_seals(check, &head);
            assert_detects(check, &token, prefix.len()..token.len(), b"0aZ");
            assert_length(check, &token);
        }
    }

    /// An expired token with no rights, published to study the format:
    /// <https://gist.github.com/coolaj86/eb8cddfd3e4251258712dfed03e1f86d>.
    #[test]
    fn github_published_vector() {
        let token = concat!("gh", "p_", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ", "0mLq17");
        assert_eq!(GITHUB.run(token.as_bytes()).holds, Holds::Yes);
    }

    /// The length of the letters beside a JWT says nothing.
    #[test]
    fn github_other_lengths_are_unknown() {
        let token = body(concat!("gh", "s_"), 200, BASE62, 1);
        assert_eq!(GITHUB.run(&token).holds, Holds::Unknown);
        assert_eq!(NPM.run(b"npm_short").holds, Holds::Unknown);
    }

    /// Grafana's own test:
    /// <https://github.com/grafana/grafana/blob/main/pkg/components/satokengen/tokengen_test.go>.
    #[test]
    fn grafana_published_vector() {
        let token = concat!("gl", "sa_", "iNValIdinValiDinvalidinvalidinva", "_5b582697");
        assert_eq!(GRAFANA.run(token.as_bytes()).holds, Holds::Yes);
    }

    #[test]
    fn glue_may_be_there_already() {
        let head = body(concat!("gl", "sa_"), 32, BASE62, 4);
        let glued = [&head[..], b"_"].concat();
        assert_eq!(seal(&GRAFANA_CRC32, &head), seal(&GRAFANA_CRC32, &glued));
    }

    #[test]
    fn case_of_hex_does_not_matter() {
        let mut token = body(concat!("cf", "ut_"), 40, BASE62, 3);
        CLOUDFLARE.seal(&mut token);
        let (head, sum) = token.split_at(token.len() - 8);
        let upper = [head, &sum.to_ascii_uppercase()].concat();
        assert_eq!(CLOUDFLARE.run(&upper).holds, Holds::Yes);
    }
}
