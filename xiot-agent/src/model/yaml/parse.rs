//! From text to tree, with a bound on everything that a hostile file could make grow.

use std::{borrow::Cow, collections::HashMap};

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use super::{
    Node, Value,
    place::{collection_span, convert, narrow},
    syntax,
};
use crate::diag::{Code, Diagnostic, Span};

/// What a tree may grow to.
#[derive(Clone, Copy, Debug)]
struct Budget {
    /// Lists and maps within each other, aliases included.
    depth: usize,
    /// Values.
    nodes: usize,
    /// Values that anchors and aliases copy.
    copies: usize,
}

/// A policy is seven deep. One of 100,000 devices and 1,000,000 rules has about eight million values.
const BUDGET: Budget = Budget {
    depth: 24,
    nodes: 16_000_000,
    copies: 1_000_000,
};

/// The only document of `text` as a tree, or the one thing that makes it unreadable.
pub(crate) fn parse(text: &str) -> Result<Node<'_>, Diagnostic> {
    parse_within(text, BUDGET)
}

fn parse_within(text: &str, budget: Budget) -> Result<Node<'_>, Diagnostic> {
    let options = granit_parser::options! {
        flow_nesting_limit: budget.depth,
        block_nesting_limit: budget.depth,
        disallow_directives: true,
        emit_comments: false,
    };
    let mut builder = Builder::new(budget);
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) =
            event.map_err(|error| builder.explain(syntax::diagnostic(text, &error)))?;
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

struct Builder<'s> {
    budget: Budget,
    root: Option<Node<'s>>,
    open: Vec<Open<'s>>,
    anchors: HashMap<usize, Anchored<'s>>,
    nodes: usize,
    copies: usize,
    documents: usize,
}

impl<'s> Builder<'s> {
    fn new(budget: Budget) -> Self {
        Self {
            budget,
            root: None,
            open: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            copies: 0,
            documents: 0,
        }
    }

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

    /// Says what was still open where the file stopped making sense: a missing bracket is noticed lines later.
    fn explain(&self, fault: Diagnostic) -> Diagnostic {
        let open = self.open.last().filter(|open| {
            open.style == StructureStyle::Flow && narrow(open.start.start.line()) < fault.span.line
        });
        match open {
            None => fault,
            Some(open) => {
                let what = match open.items {
                    Items::Seq(_) => "this list is still open",
                    Items::Map { .. } => "this map is still open",
                };
                fault.note(convert(open.start), what)
            }
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
            Items::Seq(mut items) => {
                items.shrink_to_fit();
                (Value::Seq(items), None)
            }
            Items::Map { mut pairs, key: _ } => {
                // Millions of small maps: what they reserve beyond their need adds up.
                pairs.shrink_to_fit();
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
        if self.open.len() + height > self.budget.depth {
            return Err(Diagnostic::new(
                Code::TooDeep,
                convert(at),
                "lists and maps are nested too deep",
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
        if self.nodes <= self.budget.nodes {
            return Ok(());
        }
        Err(Diagnostic::new(
            Code::TooManyValues,
            convert(at),
            format!("the file has more than {} values", self.budget.nodes),
        ))
    }

    fn copied(&mut self, nodes: usize, at: Span) -> Result<(), Diagnostic> {
        self.copies += nodes;
        if self.copies <= self.budget.copies {
            return Ok(());
        }
        Err(Diagnostic::new(
            Code::TooManyAliases,
            at,
            format!(
                "anchors and aliases repeat more than {} values up to here",
                self.budget.copies
            ),
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

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Budget = Budget {
        depth: 3,
        nodes: 8,
        copies: 4,
    };

    fn fault(text: &str) -> Option<Code> {
        parse_within(text, SMALL).err().map(|fault| fault.code)
    }

    #[test]
    fn each_part_of_the_budget_is_kept_to_exactly() {
        assert_eq!(fault("[a, b, c, d, e, f, g]"), None);
        assert_eq!(fault("[a, b, c, d, e, f, g, h]"), Some(Code::TooManyValues));
        assert_eq!(fault("[[[a]]]"), None);
        assert_eq!(fault("[[[[a]]]]"), Some(Code::TooDeep));
        assert_eq!(fault("[&x [a], *x]"), None);
        assert_eq!(fault("[&x [a, b], *x]"), Some(Code::TooManyAliases));
        assert_eq!(fault("[&x [a], [*x]]"), None);
        assert_eq!(fault("[&x [a], [[*x]]]"), Some(Code::TooDeep));
    }
}
