"""Operating points whose single weights are zero."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('operating_point', sa.Column('zeros', sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column('operating_point', 'zeros')
