"""Settings of network, training and explanation: default, help and sweep range in one place."""

from __future__ import annotations

from pathgnn.settings import Settings, setting


class NetConfig(Settings):
    """The shape of the network."""

    channels: int = setting(8, "hidden features per gene", sweep=(4, 32), ge=1, le=256)
    depth: int = setting(2, "rounds of message passing", sweep=(0, 4), ge=0, le=10)
    trunk: int = setting(16, "hidden units of the prognostic trunk", sweep=(4, 64), ge=1, le=1024)
    use_graph: bool = setting(True, "pass messages along the edges")


class FitConfig(Settings):
    """How the network is trained and cross-fitted."""

    folds: int = setting(5, "cross-fitting folds", ge=2, le=20)
    members: int = setting(2, "networks per fold, of different seeds", sweep=(1, 5), ge=1, le=50)
    epochs: int = setting(80, "rounds on the observed outcomes", sweep=(40, 300), ge=1)
    refine_epochs: int = setting(80, "rounds on the benefit scores", sweep=(0, 200), ge=0)
    lr: float = setting(0.02, "learning rate", sweep=(0.003, 0.05), gt=0)
    encoder_lr: float = setting(0.1, "refinement: share of the rate the encoder learns at", ge=0)
    decay: float = setting(0.01, "weight decay of shared weights", sweep=(0.0, 0.3), ge=0)
    gene_decay: float = setting(1.0, "weight decay of gene-specific weights", sweep=(0.1, 5), ge=0)
    group_lasso: float = setting(0.02, "shrinkage of whole pathways", sweep=(0.0, 0.2), ge=0)
    smoothness: float = setting(0.01, "neighbours share weights", sweep=(0.0, 1.0), ge=0)
    modality_dropout: float = setting(0.1, "share of omics hidden", sweep=(0.0, 0.4), ge=0, lt=1)
    threads: int = setting(0, "processor threads; 0: as torch chooses", ge=0)
