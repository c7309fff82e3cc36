//! What a shape can be, and the short forms to write one down.

use serde_json::Value;

/// The form that a JSON value must have.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A text.
    Text(Text),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number,
    /// An object of exactly these members.
    Object(Vec<Member>),
    /// An object of any members.
    Record,
    /// A list.
    List {
        /// The form of each item.
        of: Box<Shape>,
        /// The most items.
        at_most: Option<usize>,
        /// Whether it must have an item.
        filled: bool,
    },
    /// Any one of these forms, the most usual one first.
    Either(Vec<Shape>),
    /// One form when a member is there, another one when it is not.
    IfPresent {
        /// The name of the member.
        member: &'static str,
        /// The form with it.
        then: Box<Self>,
        /// The form without it.
        otherwise: Box<Self>,
    },
    /// Nothing.
    Null,
    /// Whatever the other side takes.
    Any,
}

/// What is asked of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Text {
    /// The most characters.
    pub at_most: Option<usize>,
    /// It must hold more than white space.
    pub filled: bool,
    /// It must hold no white space, as labels of Jira.
    pub label: bool,
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// The form of its value.
    pub shape: Shape,
    /// Whether it may be missing.
    pub need: Need,
    /// One sentence for people who fill it in.
    pub about: &'static str,
}

/// Whether a member may be missing.
#[derive(Debug, Clone, PartialEq)]
pub enum Need {
    /// It may not.
    Required,
    /// It may be left out.
    Optional,
    /// It may be left out or null, and is null then.
    Nullable,
    /// It may be left out and then has this value.
    Default(Value),
}

/// A member that must be there.
pub fn required(name: &'static str, shape: Shape, about: &'static str) -> Member {
    member(name, shape, Need::Required, about)
}

/// A member that may be left out.
pub fn optional(name: &'static str, shape: Shape, about: &'static str) -> Member {
    member(name, shape, Need::Optional, about)
}

/// A member that may be left out or null.
pub fn nullable(name: &'static str, shape: Shape, about: &'static str) -> Member {
    member(name, shape, Need::Nullable, about)
}

fn member(name: &'static str, shape: Shape, need: Need, about: &'static str) -> Member {
    Member {
        name,
        shape,
        need,
        about,
    }
}

impl Member {
    /// The same, with a value for when it is left out.
    #[must_use]
    pub fn or(self, default: impl Into<Value>) -> Self {
        Self {
            need: Need::Default(default.into()),
            ..self
        }
    }
}

impl Shape {
    /// Any text.
    pub fn text() -> Self {
        Self::Text(Text::default())
    }

    /// A text of more than white space.
    pub fn filled_text() -> Self {
        Self::Text(Text {
            filled: true,
            ..Text::default()
        })
    }

    /// A label of Jira: no white space.
    pub fn label() -> Self {
        Self::Text(Text {
            label: true,
            ..Text::default()
        })
    }

    /// A text of at most so many characters.
    pub fn text_of(at_most: usize) -> Self {
        Self::Text(Text {
            at_most: Some(at_most),
            ..Text::default()
        })
    }

    /// A list of any length.
    pub fn list(of: Self) -> Self {
        Self::List {
            of: Box::new(of),
            at_most: None,
            filled: false,
        }
    }

    /// A list of at least one item.
    pub fn filled_list(of: Self) -> Self {
        Self::List {
            of: Box::new(of),
            at_most: None,
            filled: true,
        }
    }

    /// A list of at most so many items.
    pub fn list_of(at_most: usize, of: Self) -> Self {
        Self::List {
            of: Box::new(of),
            at_most: Some(at_most),
            filled: false,
        }
    }

    /// An object of exactly these members.
    pub fn object(members: impl IntoIterator<Item = Member>) -> Self {
        Self::Object(members.into_iter().collect())
    }

    /// The name of the type, in the words of error texts.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::OneOf(_) => "string",
            Self::Flag => "boolean",
            Self::Number => "number",
            Self::Object(_) | Self::Record | Self::IfPresent { .. } => "object",
            Self::Null => "null",
            Self::List { .. } => "array",
            Self::Either(shapes) => shapes.first().map_or("any", Self::type_name),
            Self::Any => "any",
        }
    }
}
