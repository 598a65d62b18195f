namespace MailBench.Model.Records;

/// <summary>What one resource would carry, from what a poll needs of it (method: Users): N = P·C ÷ D.</summary>
/// <param name="Resource">As in a point's table of utilisations.</param>
/// <param name="DemandLow">The least D of the points that had room, and</param>
/// <param name="DemandHigh">the most; of a single point what its gates would let pass as unmoved.</param>
/// <param name="Unit">Of D, and of C a second.</param>
/// <param name="Capacity">C.</param>
/// <param name="Filled">The share of C up to which users were seen to be carried: the low end is taken there.</param>
/// <param name="UsersLow">Filled · P·C ÷ DemandHigh.</param>
/// <param name="UsersHigh">P·C ÷ DemandLow: it knows no waiting, so it is an upper bound.</param>
public sealed record CapacityTerm(string Resource, double DemandLow, double DemandHigh, string Unit, double Capacity, double Filled, double UsersLow, double UsersHigh);
