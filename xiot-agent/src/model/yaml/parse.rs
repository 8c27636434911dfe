//! From text to tree, with a bound on everything that a hostile file could make grow.

use std::{borrow::Cow, collections::HashMap};

use granit_parser::{Event, Marker, Parser, ScalarStyle, StructureStyle};

use super::{Node, Value, syntax};
use crate::diag::{Code, Diagnostic, Span};

/// Lists and maps within each other, aliases included. A policy needs seven.
pub(super) const MAX_DEPTH: usize = 24;

/// Values in a file. A policy of 100,000 devices and 1,000,000 rules has about eight million.
pub(super) const MAX_NODES: usize = 16_000_000;

/// Values that anchors and aliases may copy.
pub(super) const MAX_ALIASED_NODES: usize = 1_000_000;

/// The only document of `text` as a tree, or the one thing that makes it unreadable.
pub(crate) fn parse(text: &str) -> Result<Node<'_>, Diagnostic> {
    let options = granit_parser::options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        disallow_directives: true,
        emit_comments: false,
    };
    let mut builder = Builder::default();
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| syntax::diagnostic(text, &error))?;
        builder.take(event, span)?;
    }
    Ok(builder.root.unwrap_or(Node {
        span: Span::FILE,
        value: Value::Null,
    }))
}

/// A list or map whose end has not come yet.
struct Open<'s> {
    start: granit_parser::Span,
    style: StructureStyle,
    anchor: usize,
    height: usize,
    first_node: usize,
    items: Items<'s>,
}

enum Items<'s> {
    Seq(Vec<Node<'s>>),
    Map {
        pairs: Vec<(Node<'s>, Node<'s>)>,
        key: Option<Node<'s>>,
    },
}

/// What an alias stands for.
struct Anchored<'s> {
    node: Node<'s>,
    nodes: usize,
    height: usize,
}

#[derive(Default)]
struct Builder<'s> {
    root: Option<Node<'s>>,
    open: Vec<Open<'s>>,
    anchors: HashMap<usize, Anchored<'s>>,
    nodes: usize,
    aliased: usize,
    documents: usize,
}

impl<'s> Builder<'s> {
    fn take(&mut self, event: Event<'s>, at: granit_parser::Span) -> Result<(), Diagnostic> {
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd | Event::Anchor(..) => {
                Ok(())
            }
            Event::DocumentStart(..) => self.document(at),
            Event::Scalar(text, style, anchor, tag) => {
                no_tag(tag.is_some(), at)?;
                self.count(1, at)?;
                let node = scalar(text, style, at);
                self.complete(node, anchor, 1, 0)
            }
            Event::SequenceStart(style, anchor, tag) => {
                no_tag(tag.is_some(), at)?;
                self.begin(at, style, anchor, Items::Seq(Vec::new()))
            }
            Event::MappingStart(style, anchor, tag) => {
                no_tag(tag.is_some(), at)?;
                let items = Items::Map {
                    pairs: Vec::new(),
                    key: None,
                };
                self.begin(at, style, anchor, items)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(at),
            Event::Alias(anchor) => self.alias(anchor, at),
            // Events that none of the options above asks for, and any that a later parser invents: skipping one
            // could lose a value.
            Event::UnresolvedAlias(_) | _ => Err(Diagnostic::new(
                Code::Syntax,
                convert(at),
                "this part of YAML has no meaning here",
            )),
        }
    }

    fn document(&mut self, at: granit_parser::Span) -> Result<(), Diagnostic> {
        self.documents += 1;
        if self.documents > 1 {
            return Err(Diagnostic::new(
                Code::SecondDocument,
                convert(at),
                "a second YAML document begins here",
            )
            .hint("remove the `---`: a file holds one document"));
        }
        Ok(())
    }

    fn begin(
        &mut self,
        start: granit_parser::Span,
        style: StructureStyle,
        anchor: usize,
        items: Items<'s>,
    ) -> Result<(), Diagnostic> {
        let first_node = self.nodes;
        self.count(1, start)?;
        self.open.push(Open {
            start,
            style,
            anchor,
            height: 0,
            first_node,
            items,
        });
        Ok(())
    }

    fn end(&mut self, end: granit_parser::Span) -> Result<(), Diagnostic> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let (value, first) = match open.items {
            Items::Seq(items) => (Value::Seq(items), None),
            Items::Map { pairs, key: _ } => {
                let first = pairs.first().map(|(key, _)| key.span);
                (Value::Map(pairs), first)
            }
        };
        let span = collection_span(open.start, end, open.style, first);
        let nodes = self.nodes - open.first_node;
        self.complete(Node { span, value }, open.anchor, nodes, open.height + 1)
    }

    fn alias(&mut self, anchor: usize, at: granit_parser::Span) -> Result<(), Diagnostic> {
        let Some(target) = self.anchors.get(&anchor) else {
            return Err(Diagnostic::new(
                Code::Syntax,
                convert(at),
                "this alias stands within the value that it repeats",
            ));
        };
        let (node, nodes, height) = (target.node.clone(), target.nodes, target.height);
        self.copied(nodes, convert(at))?;
        if self.open.len() + height > MAX_DEPTH {
            return Err(Diagnostic::new(
                Code::TooDeep,
                convert(at),
                "lists and maps nest deeper than any value of this file does",
            )
            .hint("aliases that repeat aliases add up"));
        }
        self.count(nodes, at)?;
        self.complete(node, 0, nodes, height)
    }

    /// A node is whole: file it under its anchor and hang it into what is open.
    fn complete(
        &mut self,
        node: Node<'s>,
        anchor: usize,
        nodes: usize,
        height: usize,
    ) -> Result<(), Diagnostic> {
        if anchor != 0 {
            self.copied(nodes, node.span)?;
            self.anchors.insert(
                anchor,
                Anchored {
                    node: node.clone(),
                    nodes,
                    height,
                },
            );
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        parent.height = parent.height.max(height);
        match &mut parent.items {
            Items::Seq(items) => items.push(node),
            Items::Map { pairs, key } => match key.take() {
                None => *key = Some(node),
                Some(name) => pairs.push((name, node)),
            },
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, at: granit_parser::Span) -> Result<(), Diagnostic> {
        self.nodes += nodes;
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        Err(Diagnostic::new(
            Code::TooManyValues,
            convert(at),
            format!("the file has more than {MAX_NODES} values"),
        ))
    }

    fn copied(&mut self, nodes: usize, at: Span) -> Result<(), Diagnostic> {
        self.aliased += nodes;
        if self.aliased <= MAX_ALIASED_NODES {
            return Ok(());
        }
        Err(Diagnostic::new(
            Code::TooManyAliases,
            at,
            format!("anchors and aliases repeat more than {MAX_ALIASED_NODES} values up to here"),
        )
        .hint("use a peer set or a profile for what devices have in common"))
    }
}

fn no_tag(present: bool, at: granit_parser::Span) -> Result<(), Diagnostic> {
    if !present {
        return Ok(());
    }
    Err(Diagnostic::new(
        Code::Tag,
        convert(at.tag_span().unwrap_or(at)),
        "YAML tags have no meaning here",
    )
    .hint("remove the `!`, or put text that begins with it in quotes"))
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle, at: granit_parser::Span) -> Node<'_> {
    let is_null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null");
    Node {
        span: convert(at),
        value: if is_null {
            Value::Null
        } else {
            Value::Scalar(text)
        },
    }
}

/// Where a list or map stands: a map without braces at its first key, any other at its first line.
fn collection_span(
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

fn convert(span: granit_parser::Span) -> Span {
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
fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
