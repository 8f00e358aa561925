"""The parts of the lecture and the pages of the site. The only place a page is declared.

A part lists the slugs of all its subjects in the order of the lecture. A slug becomes a page,
in the navigation and on the map, when it has an entry in `PAGES` and a script.
"""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGES", "PARTS", "ROOT", "Page", "Part", "existing", "neighbours", "page", "part_of"]

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Page:
    """What the site needs to know about a page before running it.

    Attributes:
        slug: Names the page, its address, its script, its lesson and its prose.
        title: Name in the navigation and at the top of the page.
        claim: The one sentence the page stands for, its key word emphasised.
        icon: Material symbol beside the title in the navigation.
    """

    slug: str
    title: str
    claim: str
    icon: str


@dataclass(frozen=True, slots=True)
class Part:
    """One section of the lecture.

    Attributes:
        folder: Folder of its scripts under `pages/` and of its prose under `assets/prose/`.
        name: Short name, in the navigation and above a page's title.
        heading: The section as the lecture calls it.
        start: When it starts, as "h:mm".
        end: When it ends, or None where the script leaves that open.
        claim: What the section claims, in one sentence.
        slugs: All its subjects, in order.
    """

    folder: str
    name: str
    heading: str
    start: str
    end: str | None
    claim: str
    slugs: tuple[str, ...]

    @property
    def pages(self) -> tuple[Page, ...]:
        """The subjects that have a page."""
        return tuple(PAGES[slug] for slug in self.slugs if slug in PAGES)

    @property
    def time(self) -> str:
        """When the section is given, as "0:05–0:20"."""
        return f"{self.start}–{self.end}" if self.end else self.start

    @property
    def section(self) -> str:
        """Heading of the section in the navigation."""
        return f"{self.name} · {self.start}"

    def script(self, slug: str) -> str:
        """Path of a page's script from the root, one folder down so that links open it cold."""
        return f"pages/{self.folder}/{slug}.py"


PAGES: dict[str, Page] = {
    page.slug: page
    for page in (
        Page(
            slug="home",
            title="Start here",
            claim="A VAE is what you get when you ask that reality be *hard to tell* "
            "from a dream of your own making.",
            icon=":material/map:",
        ),
        Page(
            slug="weight_of_evidence",
            title="Weight of evidence",
            claim="Beliefs *add*: prior log-odds plus the weight of each observation are the "
            "posterior log-odds.",
            icon=":material/balance:",
        ),
        Page(
            slug="kl_divergence",
            title="KL divergence",
            claim="The divergence is the *expected* weight of evidence: how fast samples from "
            ":blue[P] tell it from :violet[Q].",
            icon=":material/trending_up:",
        ),
        Page(
            slug="two_properties",
            title="Two properties",
            claim="KL is *never negative*, and whoever sees less gathers *no more* of it.",
            icon=":material/call_merge:",
        ),
        Page(
            slug="universal_recipe",
            title="The universal recipe",
            claim="Write down the :blue[world you have] and the :violet[world you wish for]: the "
            "objective *follows*.",
            icon=":material/schema:",
        ),
        Page(
            slug="density_estimation",
            title="Density estimation",
            claim="Drop what cannot be changed, and the divergence is the *cross-entropy*: "
            "KL[p; q] = −H[p] + ⟨−log q⟩.",
            icon=":material/scatter_plot:",
        ),
        Page(
            slug="gaussian_shells",
            title="Gaussian shells",
            claim="Density is highest in the middle, but the *mass* lies on a thin shell, and "
            "data on far less than that.",
            icon=":material/blur_circular:",
        ),
        Page(
            slug="one_step",
            title="One step by hand",
            claim="A step of training is a handful of sums, and *every number* of it can be "
            "checked.",
            icon=":material/footprint:",
        ),
        Page(
            slug="train",
            title="Train a VAE",
            claim="Learning is a *trade*: a nat of :green[rate] is worth spending where it "
            "saves more than β nats of :orange[distortion].",
            icon=":material/model_training:",
        ),
        Page(
            slug="generate",
            title="Generate",
            claim="Discard the encoder: draw a code from the :violet[prior], decode it, and see "
            "whether the codes of real images *left it a hole*.",
            icon=":material/draw:",
        ),
    )
}

PARTS: tuple[Part, ...] = (
    Part(
        folder="opening",
        name="Start here",
        heading="Latent variable models and VAEs",
        start="0:00",
        end="0:05",
        claim="What the lecture builds, and how to read this site.",
        slugs=("home",),
    ),
    Part(
        folder="ruler",
        name="The right ruler",
        heading="KL divergence: the right ruler",
        start="0:05",
        end="0:20",
        claim="How fast samples from one world would tell it from another is a divergence: "
        "never negative, and never larger when you see less.",
        slugs=("weight_of_evidence", "kl_divergence", "two_properties"),
    ),
    Part(
        folder="recipe",
        name="The universal recipe",
        heading="The universal recipe",
        start="0:20",
        end="0:25",
        claim="Write down the world you have and the world you wish for, then make the two "
        "hard to tell apart.",
        slugs=("universal_recipe",),
    ),
    Part(
        folder="density",
        name="Density estimation",
        heading="Warmup: density estimation",
        start="0:25",
        end="0:30",
        claim="With nothing added the recipe is maximum likelihood, and in high dimensions "
        "the mass is not where the density is.",
        slugs=("density_estimation", "gaussian_shells"),
    ),
    Part(
        folder="representations",
        name="Representations",
        heading="Augmenting the real world: representations",
        start="0:30",
        end="0:40",
        claim="Give every image a code, and wish that the codes had come first and the images "
        "had been drawn from them.",
        slugs=("representations",),
    ),
    Part(
        folder="elbo",
        name="The ELBO",
        heading="The ELBO from KL",
        start="0:40",
        end="0:55",
        claim="The divergence of images and codes together is a constant plus distortion plus "
        "rate, and it bounds the divergence of the images alone.",
        slugs=("joint_kl", "linear_vae"),
    ),
    Part(
        folder="practice",
        name="The VAE in practice",
        heading="The VAE in practice",
        start="0:55",
        end="1:05",
        claim="Two networks, one draw of noise for each image, and the sum of distortion and "
        "rate to bring down.",
        slugs=("one_step", "train", "generate"),
    ),
    Part(
        folder="rate_distortion",
        name="Rate and distortion",
        heading="The β-VAE and the rate-distortion tradeoff",
        start="1:05",
        end="1:10",
        claim="β is the price of a nat of rate in nats of distortion; each price picks a point "
        "on one curve.",
        slugs=("beta", "rate_distortion"),
    ),
    Part(
        folder="beyond",
        name="Beyond",
        heading="Beyond",
        start="1:10",
        end=None,
        claim="The same recipe with a long chain of codes gives the loss of a diffusion model.",
        slugs=("diffusion",),
    ),
)


def existing() -> tuple[Page, ...]:
    """All pages, in the order of the lecture."""
    return tuple(page for part in PARTS for page in part.pages)


def page(slug: str) -> Page:
    """The page called `slug`.

    Raises:
        ValueError: If there is none.
    """
    if slug not in PAGES:
        raise ValueError(f"`slug` must be one of {', '.join(PAGES)}, got {slug!r}.")
    return PAGES[slug]


def part_of(slug: str) -> Part:
    """The section of the lecture that a subject belongs to.

    Raises:
        ValueError: If no section has such a subject.
    """
    for part in PARTS:
        if slug in part.slugs:
            return part
    raise ValueError(f"`slug` must be a subject of the lecture, got {slug!r}.")


def neighbours(slug: str) -> tuple[Page | None, Page | None]:
    """The pages before and after one, in the order of the lecture."""
    pages = existing()
    place = pages.index(page(slug))
    before = pages[place - 1] if place > 0 else None
    after = pages[place + 1] if place + 1 < len(pages) else None
    return before, after
