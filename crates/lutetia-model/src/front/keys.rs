//! Every table and key of a model file, once: the reader refuses what is not here, and the JSON
//! Schema is made of it.

/// What a key holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A text.
    Text,
    /// A text with a quantity or an expression; a plain number where it has no dimension.
    Value,
    /// True or false.
    Flag,
    /// A number.
    Number,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of texts; a single text is a list of one.
    Texts,
    /// A value, or one value per place.
    Places,
    /// A table with these keys.
    Table(&'static [Key]),
    /// One table with these keys, or a list of them.
    Tables(&'static [Key]),
    /// A list of tables with any keys: the columns of an organ table.
    Rows,
}

/// A key and what it means.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) about: &'static str,
    pub(crate) required: bool,
}

/// How the entries of a table are written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// The table has these keys.
    Plain,
    /// The table has entries with names of the author's choice, each with these keys; an entry
    /// that is not a table is the value of this key.
    Named(&'static str),
}

/// A table of the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    pub(crate) about: &'static str,
    pub(crate) keys: &'static [Key],
}

const fn key(name: &'static str, kind: Kind, about: &'static str) -> Key {
    Key { name, kind, about, required: false }
}

const fn must(name: &'static str, kind: Kind, about: &'static str) -> Key {
    Key { name, kind, about, required: true }
}

const ABOUT: Key = key("about", Kind::Text, "what it is, for people");
const SOURCE: Key = key(
    "source",
    Kind::Text,
    "where the number comes from: a DOI with table or figure; without it reports list the number as assumed",
);

/// What the number of a parameter may rest on, in the order of [`crate::Evidence::ALL`].
pub(crate) const EVIDENCE_WORDS: &[&str] =
    &["measured", "estimated", "reference", "related", "assumed"];
/// What a model may be, in the order of [`crate::Status::ALL`].
pub(crate) const STATUS_WORDS: &[&str] = &["validated", "reproduced", "sketch"];

const EVIDENCE: Key = key(
    "evidence",
    Kind::Word(EVIDENCE_WORDS),
    "what the number rests on: `measured` for this ligand or organ, `estimated` by fitting patients, `reference` anatomy or physiology, `related` (measured or estimated for another ligand, target or species), `assumed`; an assumed one has `min` and `max`",
);
/// How a number of a nuclide follows it, in the order of [`crate::Follows::ALL`].
pub(crate) const FOLLOWS_WORDS: &[&str] =
    &["in-place", "by-energy", "by-all-energy", "as-red-marrow", "alpha-share"];
/// The reference adults, in the order of [`crate::Adult::ALL`].
pub(crate) const ADULT_WORDS: &[&str] = &["male", "female"];

const STATUS: Key = key(
    "status",
    Kind::Word(STATUS_WORDS),
    "`validated` against published numbers that set none of its parameters, `reproduced` where it gives what its publication gives and was not compared with numbers that set nothing of it, or a `sketch`, which is kept out of rankings",
);

/// Internal units.
pub(crate) const UNITS: &[Key] = &[
    must("time", Kind::Text, "unit of time, such as `h`"),
    must("amount", Kind::Text, "unit of amount, such as `nmol`"),
    must("volume", Kind::Text, "unit of volume, such as `L`"),
];

/// A group of labelled species.
pub(crate) const LABEL: &[Key] = &[
    key("name", Kind::Text, "name of the group, where there are several"),
    must("on", Kind::Texts, "species that exist hot and cold"),
    must(
        "decayed",
        Kind::Texts,
        "what a decayed molecule becomes: `cold` (still binds), `lost`, a daughter species, or `cold + Bi`",
    ),
];

/// A covariate effect.
pub(crate) const EFFECT: &[Key] = &[
    must("of", Kind::Text, "a covariate"),
    must(
        "form",
        Kind::Word(&["power", "exponential", "linear", "level"]),
        "(c/ref)^b, exp(b (c - ref)), 1 + b (c - ref), or 1 + b at a level",
    ),
    key("reference", Kind::Value, "value of the covariate without effect"),
    key("level", Kind::Text, "level of a categorical covariate"),
    must("coefficient", Kind::Value, "b; becomes a parameter of its own"),
];

/// A correlation of two random effects.
pub(crate) const CORRELATION: &[Key] = &[
    must("of", Kind::Texts, "two parameters with `iiv`"),
    must("value", Kind::Number, "correlation of their random effects, between -1 and 1"),
];

/// The tables of a model file.
pub(crate) const TABLES: &[Table] = &[
    Table {
        name: "model",
        form: Form::Plain,
        about: "what the model is",
        keys: &[
            must("id", Kind::Text, "lower-case letters, digits and hyphens"),
            must("title", Kind::Text, "one line for people"),
            key("reference", Kind::Text, "publication the model stands on"),
            key("about", Kind::Text, "what a reader should know"),
            STATUS,
            must("units", Kind::Table(UNITS), "internal units"),
            key(
                "label",
                Kind::Tables(LABEL),
                "labelled species; the nuclide is chosen when the model is run",
            ),
        ],
    },
    Table {
        name: "patient",
        form: Form::Named("typical"),
        about: "covariates",
        keys: &[
            key("unit", Kind::Text, "unit of a continuous covariate"),
            key("range", Kind::Texts, "lower and upper end in which the model holds"),
            key("typical", Kind::Value, "value where a patient has none"),
            key("levels", Kind::Texts, "levels of a categorical covariate"),
            ABOUT,
            SOURCE,
        ],
    },
    Table {
        name: "compartments",
        form: Form::Named("volume"),
        about: "places, each with a volume",
        keys: &[
            key("volume", Kind::Value, "a volume, or an expression of one"),
            key(
                "unbalanced",
                Kind::Text,
                "why more flows into it than out of it, or less, where that is meant",
            ),
            SOURCE,
            ABOUT,
        ],
    },
    Table {
        name: "parameters",
        form: Form::Named("value"),
        about: "numbers with unit, or formulas of parameters and covariates",
        keys: &[
            must(
                "value",
                Kind::Value,
                "a quantity such as `2.4 L/h`, or a formula such as `kon*KD`",
            ),
            key("unit", Kind::Text, "unit of a formula, checked"),
            key(
                "iiv",
                Kind::Value,
                "variability between individuals: a coefficient of variation for log-normal and Box-Cox (there before the transform), a standard deviation else",
            ),
            key("iov", Kind::Value, "variability between occasions, as `iiv`"),
            key(
                "distribution",
                Kind::Word(&["lognormal", "normal", "logitnormal", "box-cox"]),
                "of the random effect; log-normal if left out",
            ),
            key(
                "shape",
                Kind::Number,
                "of `box-cox`: value*exp((exp(eta)^shape - 1)/shape); negative shortens the upper tail",
            ),
            key(
                "uncertainty",
                Kind::Value,
                "standard error of the value as an estimate: `12 %` of it (log-normal), or a quantity such as `0.3 L/h` (normal), both within `min` and `max`; not how patients differ, which is `iiv`",
            ),
            key("min", Kind::Value, "lower bound in estimation"),
            key("max", Kind::Value, "upper bound in estimation"),
            key("fixed", Kind::Flag, "not estimated"),
            key(
                "nuclide",
                Kind::Text,
                "the nuclide of which a dose factor or a share of alphas is the number, such as `Lu-177`; with another one it becomes what `other_nuclides` says, or is named as one to be set",
            ),
            key(
                "other_nuclides",
                Kind::Word(FOLLOWS_WORDS),
                "what the number is with another nuclide than its own: `in-place`, of dose times mass, that of the alphas and electrons of the nuclide and its daughters absorbed where they arise; `by-energy`, of dose, changed in proportion to that energy, unless there are alphas; `by-all-energy`, the same with alphas, of a source within what the factor is of; `as-red-marrow`, of dose, in proportion to the dose factor of red marrow for itself; `alpha-share`, of a pure number, the share of alphas in the dose of the nuclide and its daughters",
            ),
            key(
                "daughter",
                Kind::Text,
                "a daughter such as `Fr-221`: the number is that of its atoms per decay of the nuclide that the model is run with, whose branches give it; the value is what it is without a nuclide",
            ),
            ABOUT,
            SOURCE,
            EVIDENCE,
            key("effects", Kind::Tables(EFFECT), "effects of covariates"),
        ],
    },
    Table {
        name: "species",
        form: Form::Named("in"),
        about: "molecules; the state is an amount in each place, `[X.place]` its concentration",
        keys: &[
            key("in", Kind::Texts, "compartments it is in"),
            key("initial", Kind::Places, "amount at the start, or one per place"),
            key("nuclide", Kind::Text, "nuclide of a daughter that is itself radioactive"),
            key(
                "decayed",
                Kind::Texts,
                "what a decayed molecule becomes, where it differs from its group's",
            ),
            key(
                "lag",
                Kind::Places,
                "time from a dose to its arrival, such as `0.28 h` or a formula of parameters, or one per place; what is labelled decays meanwhile",
            ),
            key(
                "bioavailability",
                Kind::Places,
                "share of a dose that arrives, such as `0.7` or a formula of parameters, or one per place",
            ),
            key(
                "duration",
                Kind::Places,
                "how long a dose that has no `over` flows in, such as `2 h` or a formula of parameters, or one per place",
            ),
            key(
                "rate",
                Kind::Places,
                "how fast a dose that has no `over` flows in, in place of `duration`: an amount per time, such as `50 nmol/h`",
            ),
            key(
                "molar_mass",
                Kind::Text,
                "such as `434.5 g/mol`, or the name of a fixed parameter: doses may then be typed as a mass",
            ),
            ABOUT,
        ],
    },
    Table {
        name: "states",
        form: Form::Named("initial"),
        about: "quantities that are not amounts, changed by explicit fluxes only",
        keys: &[
            must("unit", Kind::Text, "unit"),
            key("initial", Kind::Value, "value at the start"),
            ABOUT,
        ],
    },
    Table {
        name: "define",
        form: Form::Named("value"),
        about: "names for expressions that vary in time",
        keys: &[
            must("value", Kind::Value, "an expression"),
            key("unit", Kind::Text, "its unit, checked"),
            ABOUT,
        ],
    },
    Table {
        name: "scheme",
        form: Form::Plain,
        about: "what changes the states",
        keys: &[must(
            "processes",
            Kind::Text,
            "one per line: `name: L.plasma + R.plasma <-> LR.plasma @ kon, koff`; `->` and `<->` are mass action, `=>` takes a flux",
        )],
    },
    Table {
        name: "events",
        form: Form::Named("set"),
        about: "what happens at a moment, such as the emptying of a bladder: states take other values at once",
        keys: &[
            key("at", Kind::Value, "the first time it happens, or a formula of parameters"),
            key("every", Kind::Value, "interval at which it happens again; once if left out"),
            key("times", Kind::Number, "how often it happens in all; without an end if left out"),
            key(
                "when",
                Kind::Text,
                "instead of `at`: a condition such as `V.bladder > V_full and t > t_first`; the event happens each time it becomes true",
            ),
            key("delay", Kind::Value, "from the trigger to the event, or a formula of parameters"),
            key(
                "priority",
                Kind::Number,
                "of several events at one moment the highest comes first; 0 if left out",
            ),
            must(
                "set",
                Kind::Texts,
                "what changes: `L.bladder = 0`, `B.plasma += dose`; all values are those before the event",
            ),
            ABOUT,
            SOURCE,
        ],
    },
    Table {
        name: "inputs",
        form: Form::Named("unit"),
        about: "ports that another model or a measured curve drives",
        keys: &[
            must("unit", Kind::Text, "unit"),
            key("default", Kind::Value, "value where nothing is connected"),
            ABOUT,
        ],
    },
    Table {
        name: "outputs",
        form: Form::Named("of"),
        about: "ports that other models may use",
        keys: &[
            must("of", Kind::Value, "an expression"),
            must("unit", Kind::Text, "its unit"),
            ABOUT,
        ],
    },
    Table {
        name: "observables",
        form: Form::Named("of"),
        about: "what is compared with data",
        keys: &[
            must("of", Kind::Value, "an expression, such as `activity(*.tumour)`"),
            must("unit", Kind::Text, "its unit"),
            key(
                "error",
                Kind::Text,
                "residual error: `proportional 10 %`, `additive 5 MBq`, `combined 5 MBq + 10 %` or `lognormal 20 %`",
            ),
            ABOUT,
        ],
    },
    Table {
        name: "derived",
        form: Form::Named("of"),
        about: "quantities that follow from the parameters, such as a volume of distribution; a fit gives each with its standard error",
        keys: &[
            must(
                "of",
                Kind::Value,
                "an expression of parameters, covariates and volumes, such as `K1/k2*(1 + k3/k4)`",
            ),
            must("unit", Kind::Text, "its unit"),
            ABOUT,
        ],
    },
    Table {
        name: "population",
        form: Form::Plain,
        about: "what joins the random effects",
        keys: &[key("correlations", Kind::Tables(CORRELATION), "correlations of random effects")],
    },
    Table {
        name: "organs",
        form: Form::Plain,
        about: "repeated organs: each column `V` of a row becomes the parameter `V_<organ>`, the columns `source` and `evidence` are those of its parameters, and `{organ}` in a name or line stands for each of them, `{organ:column}` for those of a column of true and false, `{organ:!column}` for the others; `sum(F_{organ:column})` is a sum over them",
        keys: &[
            key("table", Kind::Text, "CSV file beside the model; units in its header"),
            key("rows", Kind::Rows, "the same as a list of tables, each with `organ`"),
        ],
    },
];

/// What drives an input of a chain.
const WIRE: &[Key] = &[
    key("from", Kind::Text, "`part.output`"),
    key("times", Kind::Text, "the input is the output times this quantity"),
    key(
        "dose_rate_of",
        Kind::Text,
        "`part.output`, an activity: the input is its dose rate in `mass`, with what the nuclide deposits in place",
    ),
    key("mass", Kind::Text, "of `dose_rate_of`: a mass such as `310 g`, or an output `part.mass`"),
    key(
        "region",
        Kind::Text,
        "of `dose_rate_of` in a fixed mass: an organ such as `kidneys`, whose own dose factor is taken, with the photons that stay and the electrons that do not; without it all alphas and electrons stay and no photon does",
    ),
    SOURCE,
];

/// Roles of outputs in trials.
pub(crate) const ROLES: &[Key] = &[
    key("death", Kind::Text, "`part.output`, the cumulative hazard of death"),
    key("new_lesion", Kind::Text, "`part.output`, the cumulative hazard of a new lesion"),
    key("volume", Kind::Text, "`part.output`, the tumour's volume, mass or number of cells"),
    key(
        "marker",
        Kind::Text,
        "`part.output`, a marker in serum, or the size of the tumour it comes from",
    ),
];

/// A toxicity that is graded.
const TOXICITY: &[Key] = &[
    must("output", Kind::Text, "`part.output`"),
    key("ctcae", Kind::Word(GRADED), "the count it is by CTCAE v5.0"),
    key("limits", Kind::Texts, "or the values below which the grades 1, 2, 3, 4 begin"),
];

/// The counts that CTCAE v5.0 grades.
pub(crate) const GRADED: &[&str] =
    &["platelets", "neutrophils", "lymphocytes", "leukocytes", "haemoglobin"];

/// Whether parts connect by themselves.
pub(crate) const CONNECTING: &[&str] = &["ports", "listed"];

/// The tables of the file of ports.
pub(crate) const PORTS: &[Table] = &[Table {
    name: "ports",
    form: Form::Named("is"),
    about: "what models share, by name; a model is written as `family/name`, of which `*` stands for any part",
    keys: &[
        must("is", Kind::Text, "what it is, for people"),
        must("unit", Kind::Text, "a unit of its dimension, in which it is shown"),
        must("nothing", Kind::Value, "the default of an input, by which nothing acts"),
        key("given", Kind::Texts, "outputs that give it, as `family/name.output`"),
        key("taken", Kind::Texts, "inputs that take it, as `family/name.input`"),
        key(
            "apart",
            Kind::Texts,
            "outputs that carry the name of one that is given and are something else",
        ),
        ABOUT,
    ],
}];

/// The tables of a chain file.
pub(crate) const CHAIN: &[Table] = &[
    Table {
        name: "chain",
        form: Form::Plain,
        about: "what the chain is",
        keys: &[
            must("id", Kind::Text, "lower-case letters, digits and hyphens"),
            must("title", Kind::Text, "one line for people"),
            key("about", Kind::Text, "what a reader should know"),
            key("reference", Kind::Text, "publication the chain stands on"),
            STATUS,
            key(
                "adult",
                Kind::Word(ADULT_WORDS),
                "reference adult of whom the dose factors of organs are that `dose_rate_of` makes; `male` if left out",
            ),
            key(
                "extends",
                Kind::Text,
                "a chain of which this one is a variant: what both say is taken from here, line by line",
            ),
            key(
                "connect",
                Kind::Word(CONNECTING),
                "`ports`: an input that no line connects follows the one output of another part that is of its port; `listed`, as without it: only what stands under `[connect]`",
            ),
        ],
    },
    Table {
        name: "parts",
        form: Form::Named("model"),
        about: "models by alias, such as `pk = \"psma/psma-it-population\"`; `\"none\"` leaves a part of the extended chain out, with its connections",
        keys: &[must(
            "model",
            Kind::Text,
            "name of a model, or a path that begins with a dot, from the folder of the chain",
        )],
    },
    Table {
        name: "connect",
        form: Form::Named("from"),
        about: "what drives an input, such as `\"pk.loss\" = \"tumour.loss\"`; `\"none\"` leaves a connection of the extended chain, or one that ports would make, out",
        keys: WIRE,
    },
    Table {
        name: "set",
        form: Form::Named("value"),
        about: "values other than those of the parts, such as `\"pk.K_D\" = \"1 nmol/L\"`; `\"none\"` takes that of the part again",
        keys: &[
            must(
                "value",
                Kind::Value,
                "a quantity; of a parameter or of an input that nothing drives",
            ),
            key("min", Kind::Value, "lower end of the range in which a parameter may lie"),
            key("max", Kind::Value, "upper end of that range"),
            SOURCE,
            EVIDENCE,
        ],
    },
    Table {
        name: "roles",
        form: Form::Plain,
        about: "what outputs are to a trial that does not say otherwise; `\"none\"` takes a role of the extended chain away",
        keys: ROLES,
    },
    Table {
        name: "toxicities",
        form: Form::Named("output"),
        about: "what a trial grades where it does not say otherwise, by name, in this order; `\"none\"` takes one of the extended chain away",
        keys: TOXICITY,
    },
];

/// The names of some keys.
pub(crate) fn names(keys: &[Key]) -> Vec<&'static str> {
    keys.iter().map(|k| k.name).collect()
}

/// The table of that name.
pub(crate) fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|t| t.name == name)
}
