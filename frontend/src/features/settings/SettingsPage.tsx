import { Text } from '@mantine/core'
import { IconKey } from '@tabler/icons-react'
import { EmptyState } from '@/components/EmptyState'
import { Page } from '@/components/Page'
import { Panel } from '@/components/Panel'
import { Query } from '@/components/Query'
import { useApiTokens } from '@/lib/queries/useApiTokens'
import { NewToken } from './NewToken'
import { TokenTable } from './TokenTable'

/** What belongs to the person and not to a network: API tokens. */
export function SettingsPage() {
  return (
    <Page title="Settings">
      <Panel
        title="API tokens"
        help="For programs: secateur push, scripts, other machines. A token can do what you can, except make other tokens."
      >
        <NewToken />
        <Query query={useApiTokens()} isEmpty={(tokens) => tokens.length === 0} empty={<Empty />}>
          {(tokens) => <TokenTable tokens={tokens} />}
        </Query>
      </Panel>
    </Page>
  )
}

function Empty() {
  return (
    <EmptyState icon={<IconKey size={22} />} title="No API tokens">
      <Text size="sm">Make one above when a program should upload networks or start runs for you.</Text>
    </EmptyState>
  )
}
