namespace Orrery.Satellite.Joining;

/// <summary>How long to wait from one look to the next for something that comes by itself within seconds, or else when a person sees to it.</summary>
internal sealed class PollPace(TimeSpan first, TimeSpan longest)
{
    /// <summary>Looks at the first pace.</summary>
    private const int AtOnce = 10;

    private string said = "";
    private int looks;

    /// <param name="waitsFor">While it is the same, so is what is waited for; another begins anew.</param>
    public TimeSpan Next(string waitsFor)
    {
        looks = waitsFor == said ? looks + 1 : 1;
        said = waitsFor;
        TimeSpan wait = first * Math.Pow(2, Math.Clamp(looks - AtOnce, 0, 30));
        return wait <= longest ? wait : longest > first ? longest : first;
    }
}
