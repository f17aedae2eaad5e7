//! Words around a candidate.

/// Whether the word (lower case) stands in the text in either case. A word of up to four letters must not be part of a longer
/// one.
pub(crate) fn holds_word(text: &[u8], word: &[u8]) -> bool {
    let Some((&first, rest)) = word.split_first() else { return false };
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    memchr::memchr2_iter(lower, upper, text).any(|at| {
        let tail = &text[at + 1..];
        tail.len() >= rest.len() && tail[..rest.len()].eq_ignore_ascii_case(rest) && stands_alone(text, at, word.len())
    })
}

fn stands_alone(text: &[u8], at: usize, length: usize) -> bool {
    const SHORT: usize = 4;
    if length > SHORT {
        return true;
    }
    let letter = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphabetic);
    // `apiKey`: a capital starts a word of its own.
    let camel = text.get(at).is_some_and(u8::is_ascii_uppercase)
        && at.checked_sub(1).and_then(|before| text.get(before)).is_some_and(u8::is_ascii_lowercase);
    (!letter(at.checked_sub(1)) || camel) && !text.get(at + length).is_some_and(u8::is_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_parts_of_words() {
        assert!(holds_word(b"my OpenAI key", b"openai"));
        assert!(holds_word(b"myopenaikey", b"openai"));
        assert!(!holds_word(b"raws", b"aws"));
        assert!(holds_word(b"AWS_KEY", b"aws"));
        assert!(holds_word(b"theAwsKey", b"aws"));
        assert!(!holds_word(b"", b"aws"));
        assert!(!holds_word(b"aw", b"aws"));
    }
}
