module.exports = 'hello'
