"""What the weights of a model look like, for whoever reads them and for whoever trains them."""

from core.vae.config import TrainConfig

__all__ = ["shapes"]


def shapes(config: TrainConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each weight of one member, in the order in which data flow through the model.

    A layer's weight is [inputs, outputs], but for the encoder's two heads, which stand as
    [2 latent, inputs]: means first, then log-variances. A product with a narrow matrix is up to
    seven times faster with the narrow side first.
    """
    found: dict[str, tuple[int, ...]] = {}

    def layer(name: str, width_in: int, width_out: int) -> None:
        found[f"{name}.weight"] = (width_in, width_out)
        found[f"{name}.bias"] = (width_out,)

    widths = [config.data_dim, *config.hidden]
    for i in range(len(config.hidden)):
        layer(f"encoder.{i}", widths[i], widths[i + 1])
    found["heads.weight"] = (2 * config.latent_dim, widths[-1])
    found["heads.bias"] = (2 * config.latent_dim,)
    widths = [config.latent_dim, *reversed(config.hidden), config.data_dim]
    for i in range(len(widths) - 1):
        layer(f"decoder.{i}", widths[i], widths[i + 1])
    if config.likelihood == "gaussian_learned":
        found["log_scale"] = (1,)
    return found
