//! Which paths a Rust file refers to: those of its `use` items, and those in its code.
//!
//! It reads tokens, not syntax, so that macros' arguments count too. Tests do not: what is under
//! `#[cfg(test)]` may use what it likes.

use std::iter::Peekable;
use std::str::FromStr as _;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A path with at least two segments, such as `crate::model::Device`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Its segments.
    pub(crate) path: Vec<String>,
    /// Line, counted from 1.
    pub(crate) line: usize,
}

/// All paths of a source file. A file that is no Rust has none; the compiler will say so.
pub(crate) fn of(source: &str) -> Vec<Reference> {
    let mut found = Vec::new();
    if let Ok(tokens) = TokenStream::from_str(source) {
        walk(tokens, &mut found);
    }
    found
}

type Tokens = Peekable<proc_macro2::token_stream::IntoIter>;

fn walk(tokens: TokenStream, found: &mut Vec<Reference>) {
    let mut tokens: Tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                if let Some(TokenTree::Group(attribute)) = tokens.peek()
                    && is_for_tests(attribute)
                {
                    skip_item(&mut tokens);
                }
            }
            TokenTree::Ident(ident) => {
                let line = ident.span().start().line;
                path(vec![ident.to_string()], line, &mut tokens, found);
            }
            TokenTree::Group(group) => walk(group.stream(), found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Follows a path that has begun with `segments`, into the braces of a `use` too.
fn path(mut segments: Vec<String>, line: usize, tokens: &mut Tokens, found: &mut Vec<Reference>) {
    while skip_separator(tokens) {
        match tokens.peek() {
            Some(TokenTree::Ident(ident)) => {
                segments.push(ident.to_string());
                tokens.next();
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let mut inner: Tokens = group.stream().into_iter().peekable();
                tokens.next();
                while let Some(token) = inner.next() {
                    if let TokenTree::Ident(ident) = token {
                        let line = ident.span().start().line;
                        let branch = [segments.as_slice(), &[ident.to_string()]].concat();
                        path(branch, line, &mut inner, found);
                        // A new name (`as`) is no path.
                        inner.by_ref().find(is_comma);
                    }
                }
                return;
            }
            // A turbofish, or a glob: the path ends here.
            Some(_) | None => break,
        }
    }
    if segments.len() > 1 {
        found.push(Reference {
            path: segments,
            line,
        });
    }
}

fn skip_separator(tokens: &mut Tokens) -> bool {
    let is_colon = |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ':');
    // A single colon, of a type or a field, is no separator: look at two before taking any.
    let mut ahead = tokens.clone();
    if !ahead.next_if(is_colon).is_some_and(is_joint) || ahead.next_if(is_colon).is_none() {
        return false;
    }
    *tokens = ahead;
    true
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
}

fn is_joint(token: TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.spacing() == proc_macro2::Spacing::Joint)
}

fn is_for_tests(attribute: &Group) -> bool {
    let text: String = attribute.stream().to_string().split_whitespace().collect();
    text == "cfg(test)"
}

/// Skips to the end of the item that an attribute stands before.
fn skip_item(tokens: &mut Tokens) {
    for token in tokens.by_ref() {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return,
            TokenTree::Punct(punct) if punct.as_char() == ';' => return,
            TokenTree::Group(_)
            | TokenTree::Punct(_)
            | TokenTree::Ident(_)
            | TokenTree::Literal(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &[&str]) {
        let paths: Vec<_> = of(source)
            .iter()
            .map(|found| found.path.join("::"))
            .collect();
        assert_eq!(paths, expected);
    }

    #[test]
    fn use_trees_are_spread_out() {
        check(
            "use crate::{a, b::{C, d as e}, self};\nuse std::fs;",
            &[
                "crate::a",
                "crate::b::C",
                "crate::b::d",
                "crate::self",
                "std::fs",
            ],
        );
    }

    #[test]
    fn paths_in_code_types_and_macros_count() {
        check(
            r#"fn f(x: crate::model::Device) { log!("{}", crate::diag::show::<u8>(x)); Vec::<u8>::new(); }"#,
            &["crate::model::Device", "crate::diag::show"],
        );
    }

    #[test]
    fn comments_strings_fields_and_tests_do_not_count() {
        check(
            "// crate::a::B\n/// crate::a::B\nstruct S { a: u8 }\nconst T: &str = \"crate::a::B\";\n\
             #[cfg(test)]\nmod tests { use crate::a::B; }\n#[cfg(test)]\nuse crate::a::B;\nuse crate::c;",
            &["crate::c"],
        );
    }

    #[test]
    fn lines_are_counted_from_one() {
        let lines: Vec<_> = of("\nuse a::{b,\n c};")
            .iter()
            .map(|found| found.line)
            .collect();
        assert_eq!(lines, [2, 3]);
    }
}
