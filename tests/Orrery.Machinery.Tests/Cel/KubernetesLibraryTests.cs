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
    [InlineData("[1, 2, 3].isSorted() && ![2, 1].isSorted() && [1, 2, 3].sum() == 6 && [4, 9].max() == 9 && ['b', 'a'].min() == 'a'")]
    [InlineData("[1, 2, 2].indexOf(2) == 1 && [1, 2, 2].lastIndexOf(2) == 2 && [1].indexOf(7) == -1")]
    [InlineData("'abc 123 def 45'.find('[0-9]+') == '123' && 'a1b22'.findAll('[0-9]+') == ['1', '22'] && 'a1b22'.findAll('[0-9]+', 1) == ['1']")]
    [InlineData("sets.contains([1, 2], [2.0, 1u]) && sets.equivalent([1, 1], [1]) && !sets.intersects([1], [2])")]
    public void Evaluate_KubernetesFunction_Holds(string expression) => Assert.Equal(true, Run(expression));

    [Theory]
    [InlineData("[].min() == 1", "min called on empty list")]
    [InlineData("quantity('x').isInteger()", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    public void Evaluate_FaultyArgument_IsAnError(string expression, string message) => Assert.Equal(new CelError(message), Run(expression));

    private static object? Run(string expression) =>
        CelProgram.Compile(expression, new Dictionary<string, CelType>()).Evaluate(new Dictionary<string, object?>(), new CelBudget(CelBudget.PerExpression), TestContext.Current.CancellationToken);
}
