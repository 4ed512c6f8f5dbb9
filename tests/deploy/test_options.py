from pathlib import Path

import pytest

from deploy.options import Options, parsed

PROJECT = ["--project", "my-clinic", "--region", "europe-west1"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["functions"], "--project: is needed"),
        (["smoke"], "--project: is needed"),
        (["watch", "--project", "my-clinic"], "--region: is needed"),
        (["watch", *PROJECT, "--zone", "b"], "unrecognized arguments: --zone b"),
        (
            ["container", *PROJECT, "--cpu", "0.5"],
            'argument --cpu: must be 1, 2, 4, 6 or 8, not "0.5"',
        ),
        (
            ["functions", "--project", "My Clinic"],
            'argument --project: must be an id such as "my-clinic", not "My Clinic"',
        ),
        (
            ["functions", *PROJECT, "--region", "Belgium"],
            'argument --region: must be one such as "europe-west1", not "Belgium"',
        ),
        (
            ["functions", *PROJECT, "--memory", "512"],
            'argument --memory: must be one such as "512Mi" or "1Gi", not "512"',
        ),
        (
            ["container", *PROJECT, "--concurrency", "1001"],
            'argument --concurrency: must be 1 to 1000, not "1001"',
        ),
        (
            ["container", *PROJECT, "--max-instances", "0"],
            'argument --max-instances: must be 1 to 999, not "0"',
        ),
        (
            ["functions", *PROJECT, "--min-instances", "9", "--max-instances", "8"],
            "--min-instances: must not be above --max-instances",
        ),
        (
            ["functions", *PROJECT, "--invoker", "allUsers"],
            (
                'argument --invoker: must be somebody such as "user:me@clinic.example"; never'
                ' everybody, who would see all patients, not "allUsers"'
            ),
        ),
        (
            ["functions", *PROJECT, "--allowed-origins", "a;STORE=b"],
            (
                'argument --allowed-origins: must be like "https://clinic.example,'
                'https://other.example", not "a;STORE=b"'
            ),
        ),
        (
            ["functions", *PROJECT, "--env", "deadline_seconds=5"],
            (
                'argument --env: must be a name and a value, such as "DEADLINE_SECONDS=5", not'
                ' "deadline_seconds=5"'
            ),
        ),
        (
            ["smoke", "--url", "http://localhost:8080/docs"],
            (
                'argument --url: must be one without a path, such as "http://localhost:8080",'
                ' not "http://localhost:8080/docs"'
            ),
        ),
    ],
)
def test_a_bad_value_ends_with_one_line(arguments: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(arguments)
    assert ended.value.code == said


def test_what_is_not_said_has_a_default() -> None:
    assert parsed(["functions", *PROJECT]) == (
        "functions",
        Options(project="my-clinic", region="europe-west1"),
        False,
    )


def test_a_file_may_hold_the_options_of_every_verb(tmp_path: Path) -> None:
    file = tmp_path / "production.txt"
    file.write_text("--project my-clinic\n--region=us-east4\n\n--invoker user:a@clinic.example\n")
    for verb in ("functions", "container", "watch", "smoke", "remove"):
        _, options, dry_run = parsed([verb, f"@{file}", "--dry-run"])
        assert (options.project, options.region) == ("my-clinic", "us-east4")
        assert (options.invoker, dry_run) == (("user:a@clinic.example",), True)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(["functions", "@no/such.txt"])
    assert "no/such.txt" in str(ended.value.code)


def test_several_may_be_allowed_to_call() -> None:
    members = ["--invoker", "user:a@clinic.example", "--invoker", "group:b@clinic.example"]
    _, options, dry_run = parsed(["container", *PROJECT, *members, "--dry-run"])
    assert options.invoker == ("user:a@clinic.example", "group:b@clinic.example")
    assert dry_run
