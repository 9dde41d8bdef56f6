// What package.json says that matters to the build, as lines `name=value` for project.sh.
// Arguments: npm's folder (for its semver) and the version of the stack's Node.js.
const fs = require('fs')
const [, , npm, stackNode] = process.argv
const semver = require(`${npm}/node_modules/semver`)

const refuse = (message) => {
  console.log(`error=${message.replace(/\s+/g, ' ')}`)
  process.exit(0)
}

let project
try {
  project = JSON.parse(fs.readFileSync('package.json', 'utf8').replace(/^\uFEFF/, ''))
} catch (error) {
  refuse(`it is not valid JSON (${error.message})`)
}
if (project === null || typeof project !== 'object' || Array.isArray(project)) refuse('it is not a JSON object')

const table = (value) => (value !== null && typeof value === 'object' ? value : {})
const text = (value) => (typeof value === 'string' ? value.trim() : '')

const scripts = table(project.scripts)
const range = text(table(project.engines).node)
if (range && semver.validRange(range) === null) refuse(`its engines.node, ${JSON.stringify(range)}, is no version range`)

// The shell line behind `npm start` runs as it stands, which starts sooner and needs less memory than npm does; unless it
// relies on npm.
const start = text(scripts.start)
const needsNpm = scripts.prestart || scripts.poststart || /npm_|[\x00-\x1f\x7f]/.test(start)

console.log(`range=${range}`)
console.log(`stack_satisfies=${!range || semver.satisfies(stackNode, range) ? 'yes' : ''}`)
console.log(`build_script=${['heroku-postbuild', 'build'].find((name) => text(scripts[name])) || ''}`)
console.log(`has_dev=${Object.keys(table(project.devDependencies)).length > 0 ? 'yes' : ''}`)
console.log(`start=${start && needsNpm ? 'npm start' : start}`)
console.log(`main=${text(project.main).replace(/[^A-Za-z0-9_./-]/g, '')}`)
