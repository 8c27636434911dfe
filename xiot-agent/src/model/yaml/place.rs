//! Where values stand: from the parser's marks to spans.

use granit_parser::{Marker, StructureStyle};

use crate::diag::Span;

/// Where a list or map stands: a map without braces at its first key, any other at its first line.
pub(super) fn collection_span(
    start: granit_parser::Span,
    end: granit_parser::Span,
    style: StructureStyle,
    first_key: Option<Span>,
) -> Span {
    let mut span = convert(start);
    match style {
        StructureStyle::Flow if start.start.line() == end.end.line() => {
            span.end = offset(end.end);
        }
        StructureStyle::Flow => span.end = span.start + 1,
        StructureStyle::Block => match first_key {
            Some(key) => span.end = key.end.max(span.start),
            None => span.end = span.start + 1,
        },
    }
    span
}

pub(super) fn convert(span: granit_parser::Span) -> Span {
    Span {
        start: offset(span.start),
        end: offset(span.end),
        line: narrow(span.start.line()),
        column: narrow(span.start.col() + 1),
    }
}

fn offset(marker: Marker) -> u32 {
    narrow(marker.byte_offset().unwrap_or_default())
}

/// Files are limited far below 4 GiB.
pub(super) fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::{Node, Value, parse};

    fn text_of<'s>(source: &'s str, node: &Node<'_>) -> &'s str {
        let start = usize::try_from(node.span.start).unwrap();
        let end = usize::try_from(node.span.end).unwrap();
        source.get(start..end).unwrap()
    }

    #[test]
    fn spans_are_those_of_the_source_and_text_is_as_written() {
        let source = "\u{feff}ä: [0755, \"1e3\"]\nb:\n- {c: 00:03, d: ~}\n- e:\n    f: no\n";
        let root = parse(source).unwrap();
        let Value::Map(pairs) = &root.value else {
            panic!("a map")
        };
        let [(a, list), (_, entries)] = &pairs[..] else {
            panic!("two keys")
        };
        assert_eq!(
            (text_of(source, a), a.span.line, a.span.column),
            ("ä", 1, 1)
        );
        assert_eq!(text_of(source, list), "[0755, \"1e3\"]");
        let Value::Seq(items) = &list.value else {
            panic!("a list")
        };
        assert_eq!(items[0].value, Value::Scalar("0755".into()));
        assert_eq!(items[1].value, Value::Scalar("1e3".into()));
        assert_eq!((items[1].span.line, items[1].span.column), (1, 11));
        let Value::Seq(items) = &entries.value else {
            panic!("a list")
        };
        assert_eq!(entries.span.line, 3);
        assert_eq!(text_of(source, &items[0]), "{c: 00:03, d: ~}");
        // A map without braces stands at its first key.
        assert_eq!((text_of(source, &items[1]), items[1].span.line), ("e", 4));
        let Value::Map(pairs) = &items[0].value else {
            panic!("a map")
        };
        assert_eq!(pairs[0].1.value, Value::Scalar("00:03".into()));
        assert_eq!(pairs[1].1.value, Value::Null);
    }
}
