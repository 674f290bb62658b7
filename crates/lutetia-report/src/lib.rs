//! Experiments to tables, figures, pages, provenance.
