import { AppShell, Box, Burger, Button, Group, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconPlus } from '@tabler/icons-react'
import { Link, Outlet, useMatch } from 'react-router'
import { Logo } from '@/components/Logo'
import { paths } from '@/lib/paths'
import { useLiveLists } from '@/lib/live/useLiveLists'
import { Navigation } from './Navigation'
import classes from './Shell.module.css'

const HEADER_HEIGHT = 56
const NAVBAR_WIDTH = 216

/** The frame around every page. */
export function Shell() {
  const [isOpen, menu] = useDisclosure(false)
  const isRunPage = useMatch('/runs/:id') !== null
  useLiveLists(!isRunPage) // a run's page listens by itself
  return (
    <AppShell
      header={{ height: HEADER_HEIGHT }}
      navbar={{ width: NAVBAR_WIDTH, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      padding={{ base: 'md', md: 'xl' }}
    >
      <a href="#content" className={classes.skip}>
        Skip to the content
      </a>
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={isOpen} onClick={menu.toggle} hiddenFrom="sm" size="sm" aria-label="Menu" />
            <Link to={paths.models} className={classes.brand} aria-label="Secateur, home">
              <Logo />
              <Text component="span" fw={600} size="lg">
                Secateur
              </Text>
            </Link>
          </Group>
          <Button component={Link} to={paths.newRun()} size="xs" leftSection={<IconPlus size={16} />}>
            New run
          </Button>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm">
        <Navigation onNavigate={menu.close} />
      </AppShell.Navbar>
      <AppShell.Main id="content">
        <Box pb="xl">
          <Outlet />
        </Box>
      </AppShell.Main>
    </AppShell>
  )
}
