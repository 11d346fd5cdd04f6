"""Log-likelihoods of a whole suite at a fraction of lm-eval's cost.

`encoding`, `tree` and `compiling` make arrays of a task's questions. The engines, `prefix_tree`,
`fork` and `stock`, answer them; `halving` lets them make do with little memory. `choice` decides
which one a model may be trusted with, and `slices` runs it so that it can be left and gone on
with."""
