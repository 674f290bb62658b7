//! Model text to checked model to ODE system.
