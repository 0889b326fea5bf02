namespace Orrery.Machinery.Schemas;

/// <summary>Regular expressions of schemas and rules.</summary>
public static class Patterns
{
    /// <summary>Drops compiled ones that nobody used for about a minute. To be called every few seconds; without it nothing is wrong, but memory stays taken.</summary>
    /// <returns>About the bytes that a collection can give back.</returns>
    public static long Forget() => Re2.Forget();
}
