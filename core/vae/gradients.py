r"""One optimiser step's gradient, derived by hand: each line stands beside its formula.

Automatic differentiation of `core.vae.objective` gives the same numbers (a test compares them
in float64) at about twice the cost, since it keeps and revisits values that are not needed.
Everything here is written into buffers made once, so a step allocates almost nothing.

Notation: $B$ images, $h$ the input of a layer, $\delta_a$ the derivative of the batch's *sum* of
$D + \beta R$ by $a$. A layer $a = hW + b$ gives

$$\delta_W = h^\top \delta_a, \qquad \delta_b = \textstyle\sum_{batch} \delta_a, \qquad
  \delta_h = \delta_a W^\top, \qquad \delta_{relu} = \delta_h \cdot [h > 0].$$
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from core.vae import likelihoods, model
from core.vae.config import TrainConfig
from core.vae.objective import rate

__all__ = ["BatchGradient", "Losses"]


@dataclass(frozen=True, slots=True)
class Losses:
    """Means over one mini-batch, in nats per image, one entry per member."""

    distortion: Float[Tensor, " member"]
    rate: Float[Tensor, " member"]


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer: its weights, their gradients, and buffers for what flows through it."""

    weight: Tensor
    bias: Tensor
    weight_gradient: Tensor
    bias_gradient: Tensor
    input: Tensor
    output: Tensor
    delta: Tensor
    weight_transposed: Tensor
    input_transposed: Tensor

    def forward(self) -> Tensor:
        # a = h W + b
        return torch.baddbmm(self.bias, self.input, self.weight, out=self.output)

    def differentiate(self) -> None:
        # delta_W = h^T delta_a, delta_b = sum of delta_a
        torch.bmm(self.input_transposed, self.delta, out=self.weight_gradient)
        torch.sum(self.delta, dim=1, out=self.bias_gradient)

    def receive(self, delta: Tensor, back: Tensor) -> None:
        # delta_h = delta_a W^T of the layer above, times [h > 0]
        torch.bmm(delta, back, out=self.delta)
        torch.ops.aten.threshold_backward.grad_input(
            self.delta, self.output, 0, grad_input=self.delta
        )


class BatchGradient:
    """The gradient of D + beta R, summed over a mini-batch, for K members at once.

    Args:
        config: The resolved config.
        flat: Weights of all members as float32 (or float64, to be checked against automatic
            differentiation). They are read anew at each call.

    Attributes:
        x: The images, [1, batch, data], as the likelihood sees them; filled by the caller.
        noise: Standard normal draws for the codes, [1, latent, batch]; filled by the caller.
        beta: The beta in force, one per member; filled by the caller.
        gradient: Where the result of a call stands, laid out like `flat`.
        log_scale: Log standard deviation of a Gaussian decoder, [#member, 1]: learned, or the
            config's.
    """

    def __init__(self, config: TrainConfig, flat: Float[Tensor, " parameter"]) -> None:
        members, batch, latent = config.members, config.batch_size, config.latent_dim
        low = torch.bfloat16 if config.precision == "bf16" else flat.dtype
        self._config, self._flat = config, flat
        self._rounds = low != flat.dtype
        self.gradient = torch.zeros_like(flat)
        # bf16 products read a rounded copy of the weights and leave a rounded gradient.
        self._weights = torch.empty_like(flat, dtype=low) if self._rounds else flat
        self._products = torch.empty_like(flat, dtype=low) if self._rounds else self.gradient
        self._exact = model.named(config, flat)
        self._exact_gradient = model.named(config, self.gradient)
        fixed = flat.new_tensor([[config.scale]]).log()
        self.log_scale: Float[Tensor, "#member 1"] = self._exact.get("log_scale", fixed)
        self._log_scale_used = self.log_scale.clone()

        def rounded(*shape: int) -> Tensor:
            return torch.empty(shape, dtype=low, device=flat.device)

        self.x = rounded(1, batch, config.data_dim)
        self.noise = flat.new_empty(1, latent, batch)
        self.beta = flat.new_empty(members)
        # What belongs to codes has the code dimension before the batch: see `model.shapes`.
        self._heads, self._heads_delta = (rounded(members, 2 * latent, batch) for _ in range(2))
        self._mean_delta, self._log_var_delta = self._heads_delta.chunk(2, dim=1)
        self._exact_heads = flat.new_empty(self._heads.shape) if self._rounds else self._heads
        self._mean, self._log_var = self._exact_heads.chunk(2, dim=1)
        self._spread, self._pull = (flat.new_empty(self._mean.shape) for _ in range(2))
        self._z = rounded(members, latent, batch)
        self._z_delta = rounded(members, batch, latent)
        self._z_delta_transposed = self._z_delta.mT
        self._factor = self.beta[:, None, None]

        weights, gradients = (
            model.named(config, flat) for flat in (self._weights, self._products)
        )

        def layers(
            part: str, x: Tensor, widths: Sequence[int], deltas: list[Tensor]
        ) -> list[_Layer]:
            made = []
            for i, (width, delta) in enumerate(zip(widths, deltas, strict=True)):
                weight = weights[f"{part}.{i}.weight"]
                layer = _Layer(
                    weight=weight,
                    bias=weights[f"{part}.{i}.bias"][:, None, :],
                    weight_gradient=gradients[f"{part}.{i}.weight"],
                    bias_gradient=gradients[f"{part}.{i}.bias"],
                    input=x,
                    output=rounded(members, batch, width),
                    delta=delta,
                    weight_transposed=weight.mT,
                    input_transposed=x.mT,
                )
                made.append(layer)
                x = layer.output
            return made

        # The encoder needs room for its deltas only once the decoder's have been used up.
        deltas = [rounded(members, batch, width) for width in config.hidden]
        x = self.x.expand(members, -1, -1)
        self._encoder = layers("encoder", x, config.hidden, deltas)
        *self._decoder, self._last = layers(
            "decoder",
            self._z.mT,
            (*reversed(config.hidden), config.data_dim),
            [*reversed(deltas), rounded(members, batch, config.data_dim)],
        )
        self._heads_input = self._encoder[-1].output if self._encoder else x
        self._heads_input_transposed = self._heads_input.mT
        self._heads_weight = weights["heads.weight"]
        self._heads_bias = weights["heads.bias"][..., None]
        self._heads_weight_gradient = gradients["heads.weight"]
        self._heads_bias_gradient = gradients["heads.bias"]

    def __call__(self) -> None:
        """Write the gradient for the images, noise and beta that were filled in."""
        if self._rounds:
            self._weights.copy_(self._flat)
        self._forward()
        self._backward()
        if self._rounds:
            self.gradient.copy_(self._products)
        if "log_scale" in self._exact:
            self._log_scale_used.copy_(self.log_scale)
            # dD/dlog sigma = n - |x - m|^2 / sigma^2, summed over the batch
            error = (self._last.output - self.x).square().sum((1, 2), dtype=self._flat.dtype)
            count = self._config.batch_size * self._config.data_dim
            gradient = count - error * torch.exp(-2 * self.log_scale[:, 0])
            self._exact_gradient["log_scale"][:, 0].copy_(gradient)

    def losses(self) -> Losses:
        """Distortion and rate of the images of the last call, before the update they caused."""
        distortion = likelihoods.distortion(
            self._config.likelihood,
            self.x.to(self._flat.dtype),
            self._last.output.to(self._flat.dtype),
            self._log_scale_used,
        )
        return Losses(distortion.mean(-1), rate(self._mean.mT, self._log_var.mT).mean(-1))

    def _forward(self) -> None:
        for layer in self._encoder:
            layer.forward().relu_()
        # two heads: mean and log sigma^2
        torch.baddbmm(
            self._heads_bias, self._heads_weight, self._heads_input_transposed, out=self._heads
        )
        if self._rounds:
            self._exact_heads.copy_(self._heads)
        # z = mean + sigma * noise
        torch.mul(self._log_var, 0.5, out=self._spread).exp_().mul_(self.noise)
        torch.add(self._mean, self._spread, out=self._z)
        for layer in self._decoder:
            layer.forward().relu_()
        self._last.forward()

    def _backward(self) -> None:
        # dD/doutput: sigmoid(l) - x for a Bernoulli, (m - x) / sigma^2 for a Gaussian
        if likelihoods.is_bernoulli(self._config.likelihood):
            torch.sigmoid(self._last.output, out=self._last.delta).sub_(self.x)
        else:
            torch.sub(self._last.output, self.x, out=self._last.delta)
            precision = torch.exp(-2 * self.log_scale)[..., None]
            self._last.delta.mul_(precision.to(self._last.delta.dtype))

        # back through the decoder to the code
        self._last.differentiate()
        above = self._last
        for layer in reversed(self._decoder):
            layer.receive(above.delta, above.weight_transposed)
            layer.differentiate()
            above = layer
        torch.bmm(above.delta, above.weight_transposed, out=self._z_delta)

        # dz/dmean = 1 and dR/dmean = mean;
        # dz/dlog sigma^2 = sigma noise / 2 and dR/dlog sigma^2 = (sigma^2 - 1) / 2
        z_delta, beta = self._z_delta_transposed, self._factor
        if self._rounds:
            z_delta = z_delta.to(self._flat.dtype)
        torch.addcmul(z_delta, beta, self._mean, out=self._mean_delta)
        torch.expm1(self._log_var, out=self._pull).mul_(beta).addcmul_(z_delta, self._spread)
        torch.mul(self._pull, 0.5, out=self._log_var_delta)
        torch.bmm(self._heads_delta, self._heads_input, out=self._heads_weight_gradient)
        torch.sum(self._heads_delta, dim=2, out=self._heads_bias_gradient)

        # back through the encoder; nobody needs the derivative by the image
        delta, back = self._heads_delta.mT, self._heads_weight
        for layer in reversed(self._encoder):
            layer.receive(delta, back)
            layer.differentiate()
            delta, back = layer.delta, layer.weight_transposed
