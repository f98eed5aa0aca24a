"""Axis names used in every shape annotation, one word per axis.

gene       node of the graph (gene, protein or metabolite)
patient    one person or tumour
row        one observed outcome; a patient treated in several arms has several rows
modality   omic layer: mutation, copy number, expression, methylation, protein, metabolite
covariate  column of the clinical block
edge       directed, signed edge of the graph
member     one (pathway, gene) pair
pathway    gene set
channel    hidden feature of a node
arm        treatment arm, 0 is the reference; `contrast` counts the arms without the reference
time       time bin of a survival curve
fold       cross-fitting fold
"""
