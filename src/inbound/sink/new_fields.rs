//! Maps fields that documents bring along before they are sent, those of a batch at once.
//!
//! Elasticsearch maps new fields by itself, document by document, and each time the cluster agrees on the mapping anew;
//! a first sync of an index with hundreds of fields waits for that again and again. What is mapped here is what would come
//! of the index's dynamic templates, which `mapping` defines. Whatever is unclear is left to Elasticsearch.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sync_engine::sync::Document;

use super::mapping;

/// After so many batches in a row without a new field the rest is left to Elasticsearch: looking has its price too.
const BATCHES_WITHOUT_NEWS: u32 = 20;
/// Elasticsearch refuses objects nested deeper than 20 levels.
const DEEPEST: usize = 10;

/// The fields that an index is known to map.
#[derive(Debug)]
pub struct NewFields {
    known: Fields,
    templates: Vec<Template>,
    without_news: u32,
}

/// Fields by name; objects have fields of their own.
#[derive(Debug, Default)]
struct Fields(BTreeMap<String, Field>);

#[derive(Debug)]
enum Field {
    Object {
        fields: Fields,
        /// Not mapped yet: an object without any value is mapped, too.
        is_new: bool,
    },
    /// Mapped, or seen before and left to Elasticsearch.
    Known,
    New(Kind),
}

/// The types of JSON that become a mapping, as `match_mapping_type` calls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    String,
    Long,
    Double,
    Boolean,
    /// Values of several types: as text each of them can be searched, and none is refused.
    Mixed,
}

/// One dynamic template.
#[derive(Debug)]
struct Template {
    kind: String,
    names: Vec<String>,
    path: Option<String>,
    mapping: Value,
}

impl NewFields {
    /// For an index with these `mappings`.
    pub fn of(mappings: &Value) -> Self {
        let templates = mappings["dynamic_templates"].as_array().into_iter().flatten();
        Self {
            known: Fields::mapped(&mappings["properties"]),
            templates: templates.filter_map(Template::read).collect(),
            without_news: 0,
        }
    }

    /// Whether the rest is left to Elasticsearch.
    pub(super) fn is_over(&self) -> bool {
        self.without_news >= BATCHES_WITHOUT_NEWS
    }

    /// Looks at the fields of documents.
    pub(super) fn look_at(&mut self, documents: &[&Document]) {
        for document in documents {
            self.known.add(&document.fields, DEEPEST);
        }
    }

    /// The fields that are not mapped yet, as `properties`. From now on they count as mapped.
    pub(super) fn take(&mut self) -> Option<Value> {
        let news = self.known.take_new(&self.templates, "");
        self.without_news = if news.is_empty() { self.without_news + 1 } else { 0 };
        (!news.is_empty()).then_some(Value::Object(news))
    }

    /// Leaves the rest to Elasticsearch.
    pub(super) fn give_up(&mut self) {
        self.without_news = BATCHES_WITHOUT_NEWS;
    }
}

impl Fields {
    fn mapped(properties: &Value) -> Self {
        let properties = properties.as_object().into_iter().flatten();
        let field = |mapping: &Value| match is_object(mapping) {
            true => Field::Object {
                fields: Self::mapped(&mapping["properties"]),
                is_new: false,
            },
            false => Field::Known,
        };
        Self(
            properties
                .map(|(name, mapping)| (name.clone(), field(mapping)))
                .collect(),
        )
    }

    fn add(&mut self, object: &Map<String, Value>, levels: usize) {
        for (name, value) in object {
            if name.split('.').all(|part| !part.trim().is_empty()) {
                self.add_value(name, value, levels);
            }
        }
    }

    fn add_value(&mut self, name: &str, value: &Value, levels: usize) {
        match value {
            Value::Null => return,
            Value::Array(items) => return items.iter().for_each(|item| self.add_value(name, item, levels)),
            _ => {}
        }
        // A dot in a name means an object to Elasticsearch.
        if let Some((object, rest)) = name.split_once('.') {
            if let Some(fields) = self.object(object, levels) {
                fields.add_value(rest, value, levels - 1);
            }
            return;
        }
        match value {
            Value::Null | Value::Array(_) => {}
            Value::Object(object) => {
                if let Some(fields) = self.object(name, levels) {
                    fields.add(object, levels - 1);
                }
            }
            Value::String(_) => self.add_leaf(name, Kind::String),
            Value::Bool(_) => self.add_leaf(name, Kind::Boolean),
            Value::Number(number) if number.is_i64() => self.add_leaf(name, Kind::Long),
            Value::Number(number) if number.is_f64() => self.add_leaf(name, Kind::Double),
            // Too large for a long.
            Value::Number(_) => {}
        }
    }

    /// The fields of an object; none when it is too deep, or when Elasticsearch has the say.
    fn object(&mut self, name: &str, levels: usize) -> Option<&mut Self> {
        if levels == 0 {
            return None;
        }
        let field = self.0.entry(name.to_owned()).or_insert_with(|| Field::Object {
            fields: Self::default(),
            is_new: true,
        });
        // A value and an object: whichever document comes first decides.
        if matches!(field, Field::New(_)) {
            *field = Field::Known;
        }
        match field {
            Field::Object { fields, .. } => Some(fields),
            Field::New(_) | Field::Known => None,
        }
    }

    fn add_leaf(&mut self, name: &str, kind: Kind) {
        match self.0.get_mut(name) {
            Some(field @ Field::New(Kind::Long)) if kind == Kind::Double => *field = Field::New(kind),
            Some(Field::New(Kind::Double)) if kind == Kind::Long => {}
            Some(Field::New(earlier)) if *earlier == kind => {}
            Some(field @ Field::New(_)) => *field = Field::New(Kind::Mixed),
            Some(_) => {}
            None => {
                self.0.insert(name.to_owned(), Field::New(kind));
            }
        }
    }

    /// The mapping of what is new; after that it is known.
    fn take_new(&mut self, templates: &[Template], parent: &str) -> Map<String, Value> {
        let mut news = Map::new();
        for (name, field) in &mut self.0 {
            let path = if parent.is_empty() {
                name.clone()
            } else {
                format!("{parent}.{name}")
            };
            match field {
                Field::Known => {}
                Field::Object { fields, is_new } => {
                    let inner = fields.take_new(templates, &path);
                    if std::mem::take(is_new) || !inner.is_empty() {
                        news.insert(name.clone(), json!({ "properties": inner }));
                    }
                }
                Field::New(kind) => {
                    news.insert(name.clone(), kind.mapping(templates, name, &path));
                    *field = Field::Known;
                }
            }
        }
        news
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Long => "long",
            Self::Double => "double",
            Self::Boolean => "boolean",
            Self::Mixed => "text",
        }
    }

    fn mapping(self, templates: &[Template], name: &str, path: &str) -> Value {
        if self == Self::Mixed {
            return mapping::text();
        }
        let found = templates.iter().find(|template| template.is_for(self, name, path));
        found.map_or_else(|| json!({ "type": self.name() }), |template| template.mapping.clone())
    }
}

impl Template {
    fn read(named: &Value) -> Option<Self> {
        let template = named.as_object()?.values().next()?;
        let names = match &template["match"] {
            Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Value::String(name) => vec![name.clone()],
            _ => Vec::new(),
        };
        Some(Self {
            kind: template["match_mapping_type"].as_str()?.to_owned(),
            names,
            path: template["path_match"].as_str().map(str::to_owned),
            mapping: template["mapping"].clone(),
        })
    }

    fn is_for(&self, kind: Kind, name: &str, path: &str) -> bool {
        self.kind == kind.name()
            && (self.names.is_empty() || self.names.iter().any(|pattern| matches(pattern, name)))
            && self.path.as_ref().is_none_or(|pattern| matches(pattern, path))
    }
}

/// What the dynamic templates of an index say about a text.
#[derive(Debug, PartialEq)]
pub(super) enum ByTemplate {
    /// It is mapped like this.
    Mapped(Value),
    /// Nothing.
    Silent,
    /// Only Elasticsearch can tell.
    Unclear,
}

/// What these dynamic templates say about a text of this name on the first level.
pub(super) fn text_by_template(templates: &Value, name: &str) -> ByTemplate {
    let templates = templates.as_array().into_iter().flatten();
    for template in templates.filter_map(|named| named.as_object()?.values().next()) {
        let unclear = [
            "unmatch",
            "path_unmatch",
            "match_pattern",
            "unmatch_mapping_type",
            "runtime",
        ];
        let is_pattern =
            |pattern: &Value| pattern.is_null() || pattern.as_str().is_some_and(|text| matches(text, name));
        let kind = &template["match_mapping_type"];
        if !kind.is_null() && !kind.is_array() && kind != "string" && kind != "*" {
            continue;
        }
        let patterns = [&template["match"], &template["path_match"]];
        let has_lists = kind.is_array() || patterns.iter().any(|pattern| pattern.is_array());
        let mut mapping = template["mapping"].clone();
        if has_lists || unclear.iter().any(|word| !template[word].is_null()) || mapping.to_string().contains("\"{") {
            return ByTemplate::Unclear;
        }
        if patterns.into_iter().all(is_pattern) {
            if mapping["type"].is_null() {
                mapping["type"] = "text".into();
            }
            return ByTemplate::Mapped(mapping);
        }
    }
    ByTemplate::Silent
}

/// Whether this is the mapping of an object that takes new fields.
fn is_object(mapping: &Value) -> bool {
    let plain = mapping["enabled"].is_null() && mapping["dynamic"].is_null();
    mapping["properties"].is_object() || (mapping["type"] == "object" && plain)
}

/// Elasticsearch's simple patterns: `*` stands for anything, dots included.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|text| {
            let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.any(|at| matches(rest, &text[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use sync_engine::sync::{DocumentId, DocumentKind};
    use test_case::test_case;

    use super::*;

    fn documents(of: &[Value]) -> Vec<Document> {
        let document = |fields: &Value| Document {
            id: DocumentId::new("AL-1".into()),
            kind: DocumentKind::Issue,
            jira_id: 1,
            issue_id: Some(1),
            fields: fields.as_object().cloned().unwrap_or_default(),
        };
        of.iter().map(document).collect()
    }

    fn index() -> NewFields {
        NewFields::of(&json!({
            "dynamic_templates": [
                { "dates": { "match_mapping_type": "string", "match": ["due", "ends"], "mapping": { "type": "date" } } },
                { "levels": { "match_mapping_type": "string", "path_match": "sla.*Time", "mapping": { "type": "date" } } },
                { "numbers": { "match_mapping_type": "long", "path_match": "custom.*", "mapping": { "type": "double" } } },
                { "texts": { "match_mapping_type": "string", "mapping": { "type": "text" } } },
            ],
            "properties": { "id": { "type": "keyword" }, "issue": { "properties": { "key": { "type": "text" } } } },
        }))
    }

    fn news_of(fields: &mut NewFields, batch: &[Document]) -> Option<Value> {
        fields.look_at(&batch.iter().collect::<Vec<_>>());
        (!fields.is_over()).then(|| fields.take()).flatten()
    }

    #[test]
    fn fields_of_a_batch_are_mapped_at_once_as_the_templates_say() {
        let batch = documents(&[
            json!({ "id": "a", "issue": { "key": "A", "due": "soon" }, "custom": { "points": 3 } }),
            json!({ "issue": { "people": [{ "name": "x", "active": true }], "votes": 7, "share": 0.5 } }),
            json!({ "sla": { "first": { "stopTime": "2024" } }, "none": null, "empty": [], "nothing": {} }),
        ]);
        let mut fields = index();
        assert_eq!(
            news_of(&mut fields, &batch),
            Some(json!({
                "issue": { "properties": {
                    "due": { "type": "date" },
                    "people": { "properties": { "name": { "type": "text" }, "active": { "type": "boolean" } } },
                    "votes": { "type": "long" },
                    "share": { "type": "double" },
                } },
                "custom": { "properties": { "points": { "type": "double" } } },
                "sla": { "properties": { "first": { "properties": { "stopTime": { "type": "date" } } } } },
                "nothing": { "properties": {} },
            }))
        );
        assert_eq!(news_of(&mut fields, &batch), None);
    }

    #[test]
    fn what_is_unclear_is_left_to_elasticsearch() {
        let batch = documents(&[
            json!({ "a..b": "x", "": "x", ".c": { "f": 1 }, "huge": u64::MAX }),
            json!({ "whole": 1 }),
            json!({ "whole": 1.5 }),
        ]);
        assert_eq!(
            news_of(&mut index(), &batch),
            Some(json!({ "whole": { "type": "double" } }))
        );
        let mixed = documents(&[json!({ "a": "x" }), json!({ "a": { "b": 1 } })]);
        assert_eq!(news_of(&mut index(), &mixed), None);
    }

    #[test]
    fn dots_in_names_mean_objects() {
        let batch = documents(&[
            json!({ "issue.due": "soon", "custom": { "open.points": 3, "open": { "by.team": ["x", 1] } } }),
            json!({ "custom.open": { "late": true } }),
        ]);
        let open = json!({
            "points": { "type": "double" },
            "by": { "properties": { "team": mapping::text() } },
            "late": { "type": "boolean" },
        });
        let mut fields = index();
        assert_eq!(
            news_of(&mut fields, &batch),
            Some(json!({
                "issue": { "properties": { "due": { "type": "date" } } },
                "custom": { "properties": { "open": { "properties": open } } },
            }))
        );
        assert_eq!(news_of(&mut fields, &batch), None);
    }

    #[test]
    fn values_of_several_types_become_text() {
        let batch = documents(&[json!({ "due": [1, "word"], "on": true }), json!({ "on": 1 })]);
        let text = mapping::text();
        assert_eq!(news_of(&mut index(), &batch), Some(json!({ "due": text, "on": text })));
    }

    #[test]
    fn looking_ends_when_nothing_new_came_for_long() {
        let mut fields = index();
        (0..BATCHES_WITHOUT_NEWS).for_each(|_| assert_eq!(news_of(&mut fields, &[]), None));
        assert_eq!(news_of(&mut fields, &documents(&[json!({ "late": "x" })])), None);
    }

    #[test_case(json!([]), &ByTemplate::Silent; "none")]
    #[test_case(json!([{ "x": { "match_mapping_type": "string", "mapping": { "type": "keyword" } } }]), &ByTemplate::Mapped(json!({ "type": "keyword" })); "all texts")]
    #[test_case(json!([{ "x": { "match_mapping_type": "*", "match": "ti*", "mapping": { "copy_to": "y" } } }]), &ByTemplate::Mapped(json!({ "copy_to": "y", "type": "text" })); "anything of this name")]
    #[test_case(json!([{ "x": { "path_match": "title", "mapping": { "type": "keyword" } } }]), &ByTemplate::Mapped(json!({ "type": "keyword" })); "its path")]
    #[test_case(json!([{ "x": { "match": "other", "mapping": {} } }, { "y": { "mapping": { "type": "a" } } }, { "z": { "mapping": { "type": "b" } } }]), &ByTemplate::Mapped(json!({ "type": "a" })); "the first that is for it")]
    #[test_case(json!([{ "x": { "match_mapping_type": "long", "mapping": {} } }]), &ByTemplate::Silent; "numbers")]
    #[test_case(json!([{ "x": { "match": "title", "path_match": "other.*", "mapping": {} } }]), &ByTemplate::Silent; "its name on another path")]
    #[test_case(json!([{ "x": { "match_mapping_type": ["string", "long"], "mapping": {} } }]), &ByTemplate::Unclear; "several types")]
    #[test_case(json!([{ "x": { "match": ["title"], "mapping": {} } }]), &ByTemplate::Unclear; "several names")]
    #[test_case(json!([{ "x": { "unmatch": "t*", "mapping": {} } }]), &ByTemplate::Unclear; "all names but some")]
    #[test_case(json!([{ "x": { "mapping": { "type": "{dynamic_type}" } } }]), &ByTemplate::Unclear; "a placeholder")]
    fn a_text_on_the_first_level_is_mapped_as_templates_say(templates: Value, expected: &ByTemplate) {
        assert_eq!(text_by_template(&templates, "title"), *expected);
    }

    #[test_case("title", "title", true)]
    #[test_case("titl", "title", false)]
    #[test_case("*", "", true; "anything")]
    #[test_case("ti*", "title", true)]
    #[test_case("*le", "title", true)]
    #[test_case("t*t*e", "title", true)]
    #[test_case("a*c", "a.b.c", true; "dots too")]
    #[test_case("a*c", "a.b", false)]
    #[test_case("b*", "a.b", false)]
    fn patterns(pattern: &str, text: &str, expected: bool) {
        assert_eq!(matches(pattern, text), expected);
    }

    #[test_case(json!({ "properties": {} }), true)]
    #[test_case(json!({ "type": "object" }), true; "without fields so far")]
    #[test_case(json!({ "type": "object", "enabled": false }), false; "kept and not indexed")]
    #[test_case(json!({ "type": "object", "dynamic": false }), false; "takes no more")]
    #[test_case(json!({ "type": "text" }), false)]
    fn objects_that_take_new_fields(mapping: Value, expected: bool) {
        assert_eq!(is_object(&mapping), expected);
    }
}
