"""Which part of the world a region lies in."""

import pytest

from adapters.errors import NotPermitted
from routing.regions import area, narrowed, within

AREAS = {
    "eu": "eu",
    "eu-west-1": "eu",
    "eu-de": "eu",
    "eusc-de-east-1": "eu",
    "europe-west4": "eu",
    "westeurope": "eu",
    "West Europe": "eu",
    "swedencentral": "eu",
    "germanywestcentral": "eu",
    "us": "us",
    "us-east-1": "us",
    "us-gov-west-1": "us",
    "us-central1": "us",
    "us-south": "us",
    "eastus2": "us",
    "East US 2": "us",
    "southcentralus": "us",
    "usgovvirginia": "us",
    "australiaeast": "",  # has `us` in it, and is no part of it
    "ap-southeast-2": "",
    "global": "",
    "": "",
}


@pytest.mark.parametrize("region", AREAS)
def test_a_region_lies_in_one_part_of_the_world(region: str) -> None:
    assert area(region) == AREAS[region]


def test_a_region_is_within_itself_and_its_area() -> None:
    assert within("eu-west-1", "EU")
    assert within("West Europe", "westeurope")
    assert not within("eu-west-1", "eu-west-2")
    assert not within("", "eu")
    assert not within("", "")


@pytest.mark.parametrize(
    ("general", "asked", "meant"),
    [
        ("", "", ""),
        ("eu", "", "eu"),
        ("", "us", "us"),
        ("eu", "EU", "EU"),
        ("eu", "eu-west-1", "eu-west-1"),
        ("eu-west-1", "eu", "eu-west-1"),
    ],
)
def test_a_client_may_narrow_what_config_says(general: str, asked: str, meant: str) -> None:
    assert narrowed(general, asked) == meant


def test_but_not_lift_it() -> None:
    with pytest.raises(NotPermitted):
        narrowed("eu", "us")
