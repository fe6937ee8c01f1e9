"""First tables."""

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('dataset',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('source', sa.String(length=16), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('file_name', sa.String(length=255), nullable=True),
    sa.Column('file_hash', sa.String(length=64), nullable=True),
    sa.Column('file_size', sa.BigInteger(), nullable=True),
    sa.Column('tensors_hash', sa.String(length=64), nullable=True),
    sa.Column('examples_hash', sa.String(length=64), nullable=True),
    sa.Column('summary', sa.JSON(), nullable=True),
    sa.Column('created_at', sa.Double(), nullable=False),
    sa.Column('error_code', sa.String(length=40), nullable=True),
    sa.Column('error_detail', sa.Text(), nullable=True),
    sa.Column('error_hint', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dataset')),
    sa.UniqueConstraint('name', name=op.f('uq_dataset_name'))
    )
    with op.batch_alter_table('dataset', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_dataset_created_at'), ['created_at'], unique=False)

    op.create_table('login_code',
    sa.Column('code_hash', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.Double(), nullable=False),
    sa.Column('expires_at', sa.Double(), nullable=False),
    sa.PrimaryKeyConstraint('code_hash', name=op.f('pk_login_code'))
    )
    op.create_table('session',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('user', sa.String(length=100), nullable=False),
    sa.Column('created_at', sa.Double(), nullable=False),
    sa.Column('seen_at', sa.Double(), nullable=False),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_session'))
    )
    op.create_table('model',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('file_name', sa.String(length=255), nullable=False),
    sa.Column('source', sa.String(length=16), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=True),
    sa.Column('file_size', sa.BigInteger(), nullable=True),
    sa.Column('graph_hash', sa.String(length=64), nullable=True),
    sa.Column('weights_hash', sa.String(length=64), nullable=True),
    sa.Column('summary', sa.JSON(), nullable=True),
    sa.Column('matches', sa.JSON(), nullable=False),
    sa.Column('choice', sa.JSON(), nullable=True),
    sa.Column('trained_on', sa.String(length=32), nullable=True),
    sa.Column('test_accuracy', sa.Double(), nullable=True),
    sa.Column('created_at', sa.Double(), nullable=False),
    sa.Column('error_code', sa.String(length=40), nullable=True),
    sa.Column('error_detail', sa.Text(), nullable=True),
    sa.Column('error_hint', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['trained_on'], ['dataset.id'], name=op.f('fk_model_trained_on_dataset'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_model'))
    )
    with op.batch_alter_table('model', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_model_created_at'), ['created_at'], unique=False)

    op.create_table('job',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('model_id', sa.String(length=32), nullable=True),
    sa.Column('dataset_id', sa.String(length=32), nullable=True),
    sa.Column('recipe', sa.JSON(), nullable=True),
    sa.Column('recipe_fingerprint', sa.String(length=64), nullable=True),
    sa.Column('sample_order', sa.JSON(), nullable=True),
    sa.Column('result_model_id', sa.String(length=32), nullable=True),
    sa.Column('owner', sa.String(length=200), nullable=True),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('lease_until', sa.Double(), nullable=True),
    sa.Column('heartbeat_at', sa.Double(), nullable=True),
    sa.Column('rung_at', sa.Double(), nullable=True),
    sa.Column('cancel_requested', sa.Boolean(), nullable=False),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('attempt_step', sa.Integer(), nullable=False),
    sa.Column('step_committed', sa.Integer(), nullable=False),
    sa.Column('layout', sa.JSON(), nullable=True),
    sa.Column('progress', sa.Double(), nullable=False),
    sa.Column('seconds_left', sa.Double(), nullable=True),
    sa.Column('phase', sa.String(length=16), nullable=True),
    sa.Column('loss', sa.Double(), nullable=True),
    sa.Column('accuracy', sa.Double(), nullable=True),
    sa.Column('sparsity', sa.Double(), nullable=True),
    sa.Column('macs', sa.BigInteger(), nullable=True),
    sa.Column('parameters', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.Double(), nullable=False),
    sa.Column('started_at', sa.Double(), nullable=True),
    sa.Column('finished_at', sa.Double(), nullable=True),
    sa.Column('error_code', sa.String(length=40), nullable=True),
    sa.Column('error_detail', sa.Text(), nullable=True),
    sa.Column('error_hint', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['dataset_id'], ['dataset.id'], name=op.f('fk_job_dataset_id_dataset'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['model_id'], ['model.id'], name=op.f('fk_job_model_id_model'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['result_model_id'], ['model.id'], name=op.f('fk_job_result_model_id_model'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_job'))
    )
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_job_created_at'), ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_job_dataset_id'), ['dataset_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_job_model_id'), ['model_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_job_state_lease_until'), ['state', 'lease_until'], unique=False)

    op.create_table('operating_point',
    sa.Column('job_id', sa.String(length=32), nullable=False),
    sa.Column('index', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('step', sa.Integer(), nullable=False),
    sa.Column('sparsity', sa.Double(), nullable=False),
    sa.Column('macs', sa.BigInteger(), nullable=False),
    sa.Column('parameters', sa.BigInteger(), nullable=False),
    sa.Column('widths', sa.JSON(), nullable=False),
    sa.Column('dense_accuracy', sa.Double(), nullable=False),
    sa.Column('pruned_accuracy', sa.Double(), nullable=False),
    sa.Column('retrained_accuracy', sa.Double(), nullable=False),
    sa.Column('retrained_loss', sa.Double(), nullable=False),
    sa.Column('test_accuracy', sa.Double(), nullable=False),
    sa.Column('test_loss', sa.Double(), nullable=False),
    sa.Column('is_target', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['job_id'], ['job.id'], name=op.f('fk_operating_point_job_id_job'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('job_id', 'index', name=op.f('pk_operating_point'))
    )
    op.create_table('run_step',
    sa.Column('job_id', sa.String(length=32), nullable=False),
    sa.Column('step', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('metrics', sa.JSON(), nullable=False),
    sa.Column('widths', sa.JSON(), nullable=False),
    sa.Column('sparsities', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['job_id'], ['job.id'], name=op.f('fk_run_step_job_id_job'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('job_id', 'step', name=op.f('pk_run_step'))
    )
    op.create_table('artifact',
    sa.Column('job_id', sa.String(length=32), nullable=False),
    sa.Column('point_index', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('media_type', sa.String(length=100), nullable=False),
    sa.ForeignKeyConstraint(['job_id', 'point_index'], ['operating_point.job_id', 'operating_point.index'], name=op.f('fk_artifact_job_id_point_index_operating_point'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['job_id'], ['job.id'], name=op.f('fk_artifact_job_id_job'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('job_id', 'point_index', 'name', name=op.f('pk_artifact'))
    )
    with op.batch_alter_table('artifact', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_artifact_sha256'), ['sha256'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('artifact', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_artifact_sha256'))

    op.drop_table('artifact')
    op.drop_table('run_step')
    op.drop_table('operating_point')
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_job_state_lease_until'))
        batch_op.drop_index(batch_op.f('ix_job_model_id'))
        batch_op.drop_index(batch_op.f('ix_job_dataset_id'))
        batch_op.drop_index(batch_op.f('ix_job_created_at'))

    op.drop_table('job')
    with op.batch_alter_table('model', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_model_created_at'))

    op.drop_table('model')
    op.drop_table('session')
    op.drop_table('login_code')
    with op.batch_alter_table('dataset', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_dataset_created_at'))

    op.drop_table('dataset')
