"""Operating points tell their accuracy before the removals, calibration errors, and accuracies by class."""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('operating_point') as table:
        table.add_column(sa.Column('before_accuracy', sa.Double(), nullable=True))
        table.add_column(sa.Column('retrained_calibration_error', sa.Double(), nullable=True))
        table.add_column(sa.Column('test_calibration_error', sa.Double(), nullable=True))
        table.add_column(sa.Column('test_class_accuracies', sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('operating_point') as table:
        table.drop_column('test_class_accuracies')
        table.drop_column('test_calibration_error')
        table.drop_column('retrained_calibration_error')
        table.drop_column('before_accuracy')
