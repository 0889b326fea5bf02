using Orrery.Machinery.Cel;

namespace Orrery.Machinery.Tests.Cel;

public sealed class KubernetesLibraryTests
{
    [Theory]
    [InlineData("quantity('1.5Gi').isGreaterThan(quantity('1Gi')) && quantity('50k').add(20).asInteger() == 50020")]
    [InlineData("quantity('200M').compareTo(quantity('0.2G')) == 0 && quantity('-1').sign() == -1 && !isQuantity('10 Mo')")]
    [InlineData("quantity('500m').asApproximateFloat() == 0.5 && !quantity('500m').isInteger()")]
    [InlineData("url('https://user:pw@example.com:8080/a%20b?q=1&q=2&r=x%20y').getHost() == 'example.com:8080'")]
    [InlineData("url('https://[::1]:80/').getHostname() == '::1' && url('https://[::1]:80/').getPort() == '80'")]
    [InlineData("url('https://e.com/p?q=1&q=2').getQuery() == {'q': ['1', '2']} && url('/path').getScheme() == ''")]
    [InlineData("isURL('https://e.com') && !isURL('../relative') && !isURL('no url')")]
    [InlineData("isURL('mailto:jane@example.com') && url('https://e.com/path with spaces/?k 1=v 1').getEscapedPath() == '/path%20with%20spaces/' && url('https://e.com/?k 1=v 1').getQuery() == {'k 1': ['v 1']}")]
    [InlineData("!format.dns1123LabelPrefix().validate('A-').hasValue() && format.dns1123LabelPrefix().validate('-').hasValue() && !format.uri().validate('mailto:a b').hasValue()")]
    [InlineData("format.uri().validate('a') == optional.of(['parse \\\"a\\\": invalid URI for request']) && format.uri().validate('/%zz') == optional.of(['parse \\\"/%zz\\\": invalid URL escape \\\"%zz\\\"'])")]
    [InlineData("ip.isCanonical('::102:304') && !ip.isCanonical('::1.2.3.4') && string(ip('2001:db8:0:0:1:0:0:1')) == '2001:db8::1:0:0:1' && string(cidr('fe80::5efe:102:304/64')) == 'fe80::5efe:102:304/64'")]
    [InlineData("ip.isCanonical('::') && ip.isCanonical('::1') && ip.isCanonical('1::') && ip.isCanonical('1:0:2:3:4:5:6:7') && !ip.isCanonical('1::2:3:4:5:6:7')")]
    [InlineData("!isSemver('1.0-rc', true) && isSemver('1.0.0-rc', true) && quantity('1n').asApproximateFloat() == 1e-9 && quantity('9E').asApproximateFloat() == 9e18")]
    [InlineData("[1, 2, 3].isSorted() && ![2, 1].isSorted() && [1, 2, 3].sum() == 6 && [4, 9].max() == 9 && ['b', 'a'].min() == 'a'")]
    [InlineData("[1, 2, 2].indexOf(2) == 1 && [1, 2, 2].lastIndexOf(2) == 2 && [1].indexOf(7) == -1")]
    [InlineData("'abc 123 def 45'.find('[0-9]+') == '123' && 'a1b22'.findAll('[0-9]+') == ['1', '22'] && 'a1b22'.findAll('[0-9]+', 1) == ['1']")]
    [InlineData("sets.contains([1, 2], [2.0, dyn(1u)]) && sets.equivalent([1, 1], [1]) && !sets.intersects([1], [2])")]
    [InlineData("semver('1.2.3-rc.1').isLessThan(semver('1.2.3')) && semver('1.10.0').isGreaterThan(semver('1.9.9')) && semver('1.0.0+a').compareTo(semver('1.0.0+b')) == 0")]
    [InlineData("semver('1.0.0-alpha.1').compareTo(semver('1.0.0-alpha.beta')) == -1 && semver('1.2.3').major() == 1 && semver('1.2.3').minor() == 2 && semver('1.2.3').patch() == 3")]
    [InlineData("isSemver('1.0.0') && !isSemver('v1.0') && isSemver('v1.0', true) && semver('v01.01', true) == semver('1.1.0') && !isSemver('01.0.0') && !isSemver('1.0.0-01')")]
    [InlineData("!format.dns1123Label().validate('a-b').hasValue() && format.dns1123Label().validate('A').value().size() == 1 && format.named('dns1123Label').value().validate('x').hasValue() == false")]
    [InlineData("!format.named('other').hasValue() && !format.dns1123LabelPrefix().validate('a-').hasValue() && format.dns1123Label().validate('a-').hasValue()")]
    [InlineData("!format.uuid().validate('123e4567-e89b-12d3-a456-426614174000').hasValue() && format.uuid().validate('x').value() == ['does not match the UUID format']")]
    [InlineData("!format.date().validate('2024-02-29').hasValue() && format.date().validate('2023-02-29').value() == ['invalid date'] && format.datetime().validate('x').hasValue() && format.byte().validate('a').hasValue()")]
    [InlineData("[1, 2, 3, 4].slice(1, 3) == [2, 3] && [[1], [2, dyn([3])]].flatten() == [1, 2, dyn([3])] && [[1], [2, dyn([3])]].flatten(2) == [1, 2, 3] && lists.range(3) == [0, 1, 2]")]
    [InlineData("[1, 2, dyn(1.0), 2].distinct() == [1, 2] && [1, 2].reverse() == [2, 1] && ['b', 'a'].sort() == ['a', 'b'] && [{'n': 2}, {'n': 1}].sortBy(e, e.n) == [{'n': 1}, {'n': 2}]")]
    [InlineData("duration('1h2m3s4ms').getMilliseconds() == 3723004 && duration('90m').getHours() == 1 && duration('90m').getMinutes() == 90")]
    [InlineData("string(timestamp('2011-08-18T19:03:37.01+01:00')) == '2011-08-18T19:03:37.01+01:00' && string(timestamp('2011-08-18T00:30:00-02:30')) == '2011-08-18T00:30:00-02:30'")]
    [InlineData("timestamp('2011-08-18T19:03:37+01:00') == timestamp('2011-08-18T18:03:37Z') && timestamp('2011-08-18T19:03:37+01:00').getHours() == 18")]
    [InlineData("optional.ofNonZeroValue(timestamp('0001-01-01T00:00:00Z')) == optional.none() && optional.ofNonZeroValue(timestamp('1970-01-01T00:00:00Z')).hasValue()")]
    [InlineData("'%d %s %s'.format([1, 'abc', [1, 'x']]) == '1 abc [1, x]' && [1, dyn('a')].size() == 2 && [[], [1]].size() == 2 && [?optional.of(1), 2].size() == 2")]
    [InlineData("!has(dyn(null).a) && !has(dyn(1).a) && dyn(null).?a.orValue(2) == 2 && dyn(null)[?'a'] == optional.none()")]
    [InlineData("[1, 2].first().value() == 1 && [1, 2].last().value() == 2 && ![].first().hasValue()")]
    public void Evaluate_KubernetesFunction_Holds(string expression) => Assert.Equal(true, Run(expression));

    [Theory]
    [InlineData("[].min() == 1", "min called on empty list")]
    [InlineData("semver('1.0').major() == 1", "No Major.Minor.Patch elements found")]
    [InlineData("[1, dyn('a')].sort() == []", "list elements must have the same type")]
    [InlineData("[1].slice(0, 2) == []", "cannot slice(0, 2), list is length 1")]
    [InlineData("has(dyn(null).a.b)", "no such key: a")]
    [InlineData("dyn(null).a == 1", "no such key: a")]
    [InlineData("dyn(true)['a'] == 1", "no such key: a")]
    [InlineData("quantity('x').isInteger()", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    public void Evaluate_FaultyArgument_IsAnError(string expression, string message) => Assert.Equal(new CelError(message), Run(expression));

    /// <summary>What Kubernetes 1.36 refuses before it runs.</summary>
    [Theory]
    [InlineData("[1, 'a'].size() == 2", "ERROR: <input>:1:5: expected type 'int' but found 'string'")]
    [InlineData("{'a': 1, 'b': true}.size() == 2", "ERROR: <input>:1:15: expected type 'int' but found 'bool'")]
    [InlineData("[[1], ['a']].size() == 2", "ERROR: <input>:1:7: expected type 'list(int)' but found 'list(string)'")]
    [InlineData("duration('1d') < duration('1h')", "ERROR: <input>:1:10: invalid duration argument")]
    [InlineData("timestamp('2000-13-01T00:00:00Z') == timestamp(0)", "ERROR: <input>:1:11: invalid timestamp argument")]
    [InlineData("timestamp(-62135596801) == timestamp(0)", "ERROR: <input>:1:11: invalid timestamp argument")]
    [InlineData("'a'.matches('x++')", "ERROR: <input>:1:13: invalid matches argument")]
    [InlineData("true || matches('a', ')')", "ERROR: <input>:1:22: invalid matches argument")]
    [InlineData("[[1], [2]].min() == [1]", "ERROR: <input>:1:15: found no matching overload for 'min' applied to 'list(list(int)).()'")]
    [InlineData("[{'a': 1}].isSorted()", "ERROR: <input>:1:20: found no matching overload for 'isSorted' applied to 'list(map(string, int)).()'")]
    public void Compile_WhatCannotHold_IsRefused(string expression, string message) =>
        Assert.StartsWith(message, Assert.Throws<CelCompileException>(() => Run(expression)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("lists.range(100000).distinct().size() > 0")]
    [InlineData("lists.range(1000).map(x, lists.range(1000).map(y, 'aaaaaaaaaa').join()).join().size() > 0")]
    [InlineData("lists.range(100000).map(x, 'a').join().replace('', lists.range(100000).map(x, 'a').join()).size() > 0")]
    public void Evaluate_WhatMakesMoreThanItWasGiven_IsStoppedInTime(string expression) => Assert.Throws<CelBudgetException>(() => Run(expression));

    private static object? Run(string expression) =>
        CelProgram.Compile(expression, new Dictionary<string, CelType>()).Evaluate(new Dictionary<string, object?>(), new CelBudget(CelBudget.PerExpression), TestContext.Current.CancellationToken);
}
