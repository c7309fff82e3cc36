//! Takes typed members out of a JSON object and notes those that have another type. Which members there are is left to
//! the records.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::records::timestamp;

/// Reads members of one object. An absent member and one that is null are the same.
pub(crate) struct FieldReader<'a> {
    object: &'a Map<String, Value>,
    prefix: String,
    problems: &'a mut Vec<String>,
}

impl<'a> FieldReader<'a> {
    pub(crate) fn new(object: &'a Map<String, Value>, problems: &'a mut Vec<String>) -> Self {
        Self {
            object,
            prefix: String::new(),
            problems,
        }
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    fn note(&mut self, name: &str, expected: &str) {
        self.problems
            .push(format!("{}{name}: {expected} was expected", self.prefix));
    }

    fn read<T>(&mut self, name: &str, expected: &str, convert: impl FnOnce(&'a Value) -> Option<T>) -> Option<T> {
        let converted = convert(self.value(name)?);
        if converted.is_none() {
            self.note(name, expected);
        }
        converted
    }

    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.read(name, "a string", |value| value.as_str().map(str::to_owned))
    }

    pub(crate) fn word<T: for<'w> From<&'w str>>(&mut self, name: &str) -> Option<T> {
        self.read(name, "a string", |value| value.as_str().map(T::from))
    }

    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        self.read(name, "true or false", Value::as_bool)
    }

    /// Whole numbers may have been written as floating point.
    pub(crate) fn count(&mut self, name: &str) -> Option<i64> {
        self.read(name, "a whole number", |value| {
            value.as_i64().or_else(|| {
                let number = value.as_f64()?;
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "a fraction or an excess is no whole number"
                )]
                let whole = number as i64;
                (number.fract() == 0.0 && number.abs() < 9e15).then_some(whole)
            })
        })
    }

    pub(crate) fn time(&mut self, name: &str) -> Option<DateTime<Utc>> {
        self.read(name, "an ISO 8601 timestamp", timestamp::parse)
    }

    pub(crate) fn object(&mut self, name: &str) -> Option<&'a Map<String, Value>> {
        self.read(name, "an object", Value::as_object)
    }

    pub(crate) fn array(&mut self, name: &str) -> Option<&'a Vec<Value>> {
        self.read(name, "an array", Value::as_array)
    }

    /// Whatever is there, as it is.
    pub(crate) fn any(&self, name: &str) -> Option<&'a Value> {
        self.value(name)
    }

    /// A reader of the object `name`, or none when it is absent or no object.
    pub(crate) fn nested(&mut self, name: &str) -> Option<FieldReader<'_>> {
        let object = self.object(name)?;
        let prefix = format!("{}{name}.", self.prefix);
        Some(FieldReader {
            object,
            prefix,
            problems: self.problems,
        })
    }

    /// A reader of an object inside an array, for messages named by `position`.
    pub(crate) fn element<'b>(
        &'b mut self,
        name: &str,
        position: usize,
        object: &'b Map<String, Value>,
    ) -> FieldReader<'b> {
        let prefix = format!("{}{name}[{position}].", self.prefix);
        FieldReader {
            object,
            prefix,
            problems: self.problems,
        }
    }
}
