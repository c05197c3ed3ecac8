"""The table of permissions says what each role and scope may do."""

import pytest

from feedgate.access.permissions import NEEDS, Permission
from feedgate.model.access import Role, Scope

READ, WRITE, MANAGE = Scope.READ, Scope.WRITE, Scope.MANAGE


@pytest.mark.parametrize(
    ("permission", "scope", "role"),
    [
        (Permission.FEED_READ, READ, Role.READER),
        (Permission.HISTORY_READ, READ, Role.READER),
        (Permission.FEED_REQUEST, WRITE, Role.COLLABORATOR),
        (Permission.DISTRIBUTION_UPLOAD, WRITE, Role.CONTRIBUTOR),
        (Permission.RELEASE_YANK, WRITE, Role.CONTRIBUTOR),
        (Permission.PROJECT_TAKE, MANAGE, Role.OWNER),
        (Permission.FEED_MANAGE, MANAGE, Role.OWNER),
        (Permission.TOKEN_OWN, READ, None),
        (Permission.INSTALLATION_ADMINISTER, MANAGE, None),
    ],
)
def test_each_act_needs_this_scope_and_this_role(
    permission: Permission, scope: Scope, role: Role | None
) -> None:
    assert (NEEDS[permission].scope, NEEDS[permission].role) == (scope, role)


def test_every_permission_has_its_row_and_says_what_it_is_for() -> None:
    assert NEEDS.keys() == set(Permission)
    assert all(need.acts for need in NEEDS.values())


def test_only_the_installations_own_acts_need_an_administrator() -> None:
    assert [permission for permission, need in NEEDS.items() if need.administrator] == [
        Permission.INSTALLATION_ADMINISTER
    ]


def test_each_includes_itself_and_all_that_is_smaller() -> None:
    for index, role in enumerate(Role):
        assert role.rank == index
        assert [other for other in Role if role.includes(other)] == list(Role)[: index + 1]
    for index, scope in enumerate(Scope):
        assert scope.rank == index
        assert [other for other in Scope if scope.includes(other)] == list(Scope)[: index + 1]
