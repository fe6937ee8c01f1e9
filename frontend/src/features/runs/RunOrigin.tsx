import { Anchor, Text } from '@mantine/core'
import { Link } from 'react-router'
import type { Run } from '@/lib/api/types'
import { paths } from '@/lib/paths'

/** Which model and which data a run works on. */
export function RunOrigin({ run }: { run: Run }) {
  return (
    <>
      {run.model_id && (
        <>
          <Anchor component={Link} to={paths.model(run.model_id)} inherit>
            {run.model_name}
          </Anchor>
          {' on '}
        </>
      )}
      {run.dataset_id ? (
        <Anchor component={Link} to={paths.dataset(run.dataset_id)} inherit>
          {run.dataset_title}
        </Anchor>
      ) : (
        <Text span inherit>
          a deleted dataset
        </Text>
      )}
    </>
  )
}
